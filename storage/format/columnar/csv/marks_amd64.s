#include "textflag.h"

// BITS makes 64 bits in AX of the bytes of Y0 and Y1 that are those of a register.
#define BITS(c) \
	VPCMPEQB Y0, c, Y2 \
	VPCMPEQB Y1, c, Y3 \
	VPMOVMSKB Y2, AX \
	VPMOVMSKB Y3, BX \
	SHLQ $32, BX \
	ORQ BX, AX

// func markAVX2(p *byte, n int, delimiter, quote byte, m *marks)
TEXT ·markAVX2(SB), NOSPLIT, $0-32
	MOVQ p+0(FP), SI
	MOVQ n+8(FP), CX
	MOVQ m+24(FP), DI
	VPBROADCASTB delimiter+16(FP), Y4
	VPBROADCASTB quote+17(FP), Y5
	MOVL $0x0a0a0a0a, AX
	VMOVD AX, X6
	VPBROADCASTD X6, Y6

next:
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1
	BITS(Y5)
	MOVQ AX, 16(DI)
	BITS(Y6)
	MOVQ AX, 8(DI)
	MOVQ AX, R8
	BITS(Y4)
	ORQ R8, AX
	MOVQ AX, 0(DI)
	ADDQ $64, SI
	ADDQ $24, DI
	DECQ CX
	JNZ next
	VZEROUPPER
	RET
