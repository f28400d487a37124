#include "textflag.h"

// BITS makes 64 bits in AX of the bytes of Y2 and Y3.
#define BITS \
	VPMOVMSKB Y2, AX \
	VPMOVMSKB Y3, BX \
	SHLQ $32, BX \
	ORQ BX, AX

// func classifyAVX2(p *byte, n int, m *marks)
TEXT ·classifyAVX2(SB), NOSPLIT, $0-24
	MOVQ p+0(FP), SI
	MOVQ n+8(FP), CX
	MOVQ m+16(FP), DI
	MOVL $0x22222222, AX // quotes
	VMOVD AX, X4
	VPBROADCASTD X4, Y4
	MOVL $0x5c5c5c5c, AX // backslashes
	VMOVD AX, X5
	VPBROADCASTD X5, Y5
	MOVL $0x20202020, AX // what is below as a signed number: control characters and bytes above ASCII
	VMOVD AX, X6
	VPBROADCASTD X6, Y6

next:
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1
	VPCMPEQB Y0, Y4, Y2
	VPCMPEQB Y1, Y4, Y3
	BITS
	MOVQ AX, 0(DI)
	VPCMPEQB Y0, Y5, Y2
	VPCMPEQB Y1, Y5, Y3
	BITS
	MOVQ AX, 8(DI)
	VPCMPGTB Y0, Y6, Y2
	VPCMPGTB Y1, Y6, Y3
	BITS
	MOVQ AX, 16(DI)
	ADDQ $64, SI
	ADDQ $24, DI
	DECQ CX
	JNZ next
	VZEROUPPER
	RET
