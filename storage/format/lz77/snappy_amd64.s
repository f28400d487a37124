#include "textflag.h"

// ADVANCE puts the first CX bytes of X1, 16 at most, behind those of X0, and DI behind them.
#define ADVANCE \
	VPSHUFB 16(R8)(CX*1), X0, X0 \
	VPSHUFB (R8)(CX*1), X1, X1 \
	VPOR X1, X0, X0 \
	ADDQ CX, DI

// LONG goes on after the first 16 of CX bytes.
#define LONG \
	ADDQ $16, DI \
	SUBQ $16, CX \
	VMOVDQA X1, X0

// func snappyAVX(dst, src []byte, d, s int) (int, int)
// X0 is the last 16 bytes that were written, DI where the next go, R9 where all begin; SI is where the next element is. What is between
// the loads from SI of two elements decides how long one takes, so that a short literal and the copy behind it have one load, and
// the size of a copy is computed: in most columns nothing foretells it.
TEXT ·snappyAVX(SB), NOSPLIT, $0-80
	MOVQ dst_base+0(FP), R9
	MOVQ dst_len+8(FP), R10
	LEAQ -80(R9)(R10*1), R10
	MOVQ d+48(FP), DI
	ADDQ R9, DI
	MOVQ src_base+24(FP), SI
	MOVQ src_len+32(FP), R11
	LEAQ -80(SI)(R11*1), R11
	ADDQ s+56(FP), SI
	LEAQ ·shifts(SB), R8
	LEAQ ·patterns(SB), R13
	LEAQ ·copies(SB), R14
	MOVL $1, R15
	VMOVDQU -16(DI), X0

next:
	CMPQ SI, R11
	JA done
	CMPQ DI, R10
	JA done
	MOVQ (SI), AX
	MOVBLZX AX, CX
	TESTL $3, CX
	JNZ copy
	CMPL CX, $20
	JA literal

	// A literal of up to 6 bytes, and what is behind it in the same load.
	VMOVDQU 1(SI), X1
	VMOVDQU X1, (DI)
	LEAL 16(CX)(CX*1), BX
	SHRXQ BX, AX, AX
	SHRL $2, CX
	LEAQ 2(SI)(CX*1), SI
	INCL CX
	ADVANCE
	TESTL $3, AX
	JZ next

copy: // the lowest byte of AX tells of which length and from where
	MOVL AX, BX
	ANDL $3, BX
	SHLXL BX, R15, BX // twice the bytes of its offset
	MOVBLZX AX, AX
	MOVWLZX (R14)(AX*2), AX
	MOVBLZX AX, CX
	XORL CX, AX
	MOVL 1(SI), DX
	LEAL (BX*4), R12
	BZHIL R12, DX, DX
	ORL AX, DX
	INCQ SI
	SHRL $1, BX
	CMPL DX, $16
	JA before
	TESTL DX, DX
	JZ wrong
	ADDQ BX, SI
	SHLL $4, DX
	VMOVDQU (R13)(DX*1), X2
	VPSHUFB X2, X0, X1
	VMOVDQU X1, (DI)
	CMPL CX, $16
	JA patterns
	ADVANCE
	JMP next

before: // what is no longer in X0
	MOVQ DI, AX
	SUBQ DX, AX
	CMPQ AX, R9
	JB wrong
	ADDQ BX, SI
	VMOVDQU (AX), X1
	VMOVDQU X1, (DI)
	CMPL CX, $16
	JA copies
	ADVANCE
	JMP next

literal:
	CMPL CX, $0xf0
	JAE done
	SHRL $2, CX
	INCL CX
	INCQ SI
	VMOVDQU (SI), X1
	VMOVDQU X1, (DI)
	CMPL CX, $16
	JA literals
	ADDQ CX, SI
	ADVANCE
	JMP next

literals:
	LONG
	ADDQ $16, SI
	VMOVDQU (SI), X1
	VMOVDQU X1, (DI)
	CMPL CX, $16
	JA literals
	ADDQ CX, SI
	ADVANCE
	JMP next

patterns:
	LONG
	VPSHUFB X2, X0, X1
	VMOVDQU X1, (DI)
	CMPL CX, $16
	JA patterns
	ADVANCE
	JMP next

copies:
	LONG
	ADDQ $16, AX
	VMOVDQU (AX), X1
	VMOVDQU X1, (DI)
	CMPL CX, $16
	JA copies
	ADVANCE
	JMP next

wrong:
	DECQ SI

done:
	SUBQ R9, DI
	MOVQ DI, ret+64(FP)
	SUBQ src_base+24(FP), SI
	MOVQ SI, ret1+72(FP)
	RET
