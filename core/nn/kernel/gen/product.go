package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// An isa is a vector extension: how wide its registers are, the largest tile of
// rows × vectors that they hold beside two vectors of B and one broadcast of A,
// and how many of its rows lie am apart; the tile has up to three such groups,
// anywhere.
type isa struct {
	name  string
	bytes int // of a vector
	rows  int
	group int
}

var (
	avx512 = isa{"512", 64, 12, 4} // 12×2 sums, 2 of B, 1 of A: 27 of 32 registers
	avx2   = isa{"256", 32, 6, 2}  // 6×2 sums, 2 of B, 1 of A, 1 mask: 16 of 16
)

func (v isa) vector() reg.VecVirtual {
	if v.bytes == 64 {
		return ZMM()
	}
	return YMM()
}

// The fields of the struct tile (tile.go), of 8 bytes each.
const (
	fieldA = 3 * iota // of three groups
	fieldC
	fieldStart
	fieldB
)

const (
	fieldQ = fieldB + 1 + iota
	fieldO
	fieldK
	fieldAQ
	fieldAO
	fieldAM
	fieldAK
	fieldBQ
	fieldBO
	fieldBK
	fieldCM
	fieldStartM
	fieldFloor
	fieldMask
	fieldNext
)

// products writes one function per tile of rows × vectors. All compute
//
//	c[m·cm + n] = max(floor, start[m·startm + n] + Σ_q Σ_o Σ_k a[q·aq + o·ao + m·am + k·ak] · b[q·bq + o·bo + k·bk + n])
//
// with q, then o, then k, rising, one fused multiply-add per element and k.
func products(v isa) {
	for rows := 1; rows <= v.rows; rows++ {
		for vectors := 1; vectors <= 2; vectors++ {
			if v.bytes == 64 {
				product(v, rows, vectors, true)
				continue
			}
			product(v, rows, vectors, false)
			product(v, rows, vectors, true)
		}
	}
	product(v, 1, wide, false)
}

// wide is how many vectors a tile of the only row of a product has: what is read of a row
// of B is worth its way from memory.
const wide = 8

// product writes one of them. The last vector of a masked tile is the part of
// one that the mask selects; what lies beyond is neither read nor written. On
// AVX-512 a mask costs nothing, on AVX2 it does.
func product(v isa, rows, vectors int, masked bool) {
	name := fmt.Sprintf("product%sx%dx%d", v.name, rows, vectors)
	if v.bytes == 32 && masked {
		name += "mask"
	}
	TEXT(name, NOSPLIT, "func(t *byte)")
	Doc(fmt.Sprintf("%s computes a tile of %d rows and %d vectors.", name, rows, vectors))
	Pragma("noescape")

	t := Load(Param("t"), GP64())
	field := func(i int) Mem { return Mem{Base: t, Disp: 8 * i} }
	load := func(i int) reg.GPVirtual {
		r := GP64()
		MOVQ(field(i), r)
		return r
	}
	groups := (rows + v.group - 1) / v.group

	var mask reg.Register
	if masked {
		if v.bytes == 64 {
			mask = K()
			KMOVW(field(fieldMask), mask)
		} else {
			y := YMM()
			m := load(fieldMask) // the address of eight words, all ones where the lane counts
			VMOVUPS(Mem{Base: m}, y)
			mask = y
		}
	}
	last := func(i int) bool { return masked && i == vectors-1 }
	read := func(m Mem, i int, to reg.Register) {
		switch {
		case !last(i):
			VMOVUPS(m, to)
		case v.bytes == 64:
			VMOVUPS_Z(m, mask, to)
		default:
			VMASKMOVPS(m, mask, to)
		}
	}
	write := func(from reg.Register, i int, m Mem) {
		switch {
		case !last(i):
			VMOVUPS(from, m)
		case v.bytes == 64:
			VMOVUPS(from, mask, m)
		default:
			VMASKMOVPS(from, mask, m)
		}
	}
	// eachRow walks over the rows of C or of where it starts from.
	eachRow := func(first, step int, f func(m int, at reg.GPVirtual)) {
		at, by := GP64(), load(step)
		for m := range rows {
			if m%v.group == 0 {
				MOVQ(field(first+m/v.group), at)
			} else {
				ADDQ(by, at)
			}
			f(m, at)
		}
	}

	sums := make([][]reg.VecVirtual, rows)
	eachRow(fieldStart, fieldStartM, func(m int, at reg.GPVirtual) {
		for i := range vectors {
			sums[m] = append(sums[m], v.vector())
			read(Mem{Base: at, Disp: i * v.bytes}, i, sums[m][i])
		}
	})

	am, ak, bk := load(fieldAM), load(fieldAK), load(fieldBK)
	var am3 reg.GPVirtual
	if v.group == 4 && rows >= 4 {
		am3 = GP64()
		LEAQ(Mem{Base: am, Index: am, Scale: 2}, am3)
	}
	bases := make([]reg.GPVirtual, groups)
	for i := range bases {
		bases[i] = GP64()
	}
	outerB, moved, o, b, k := load(fieldB), GP64(), GP64(), GP64(), GP64()
	next := load(fieldNext)
	XORQ(moved, moved) // how far q and o have moved on in A

	Label("sample")
	MOVQ(field(fieldO), o)
	Label("outer")
	for i, base := range bases {
		MOVQ(field(fieldA+i), base)
		ADDQ(moved, base)
	}
	MOVQ(outerB, b)
	MOVQ(field(fieldK), k)

	Label("inner")
	vecB := make([]reg.VecVirtual, vectors)
	for i := range vecB {
		if i*v.bytes%64 == 0 { // a line of the cache, by its middle: rows that begin there reach half a line further
			PREFETCHT1(Mem{Base: b, Index: next, Scale: 1, Disp: i*v.bytes + 32})
		}
		vecB[i] = v.vector()
		read(Mem{Base: b, Disp: i * v.bytes}, i, vecB[i])
	}
	for m := range sums {
		value := Mem{Base: bases[m/v.group]}
		switch m % v.group {
		case 1, 2:
			value.Index, value.Scale = am, uint8(m%v.group)
		case 3:
			value.Index, value.Scale = am3, 1
		}
		if vectors == 1 && v.bytes == 64 {
			VFMADD231PS_BCST(value, vecB[0], sums[m][0])
			continue
		}
		vecA := v.vector()
		VBROADCASTSS(value, vecA)
		for i := range vecB {
			VFMADD231PS(vecA, vecB[i], sums[m][i])
		}
	}
	for _, base := range bases {
		ADDQ(ak, base)
	}
	ADDQ(bk, b)
	DECQ(k)
	JNZ(LabelRef("inner"))
	ADDQ(field(fieldAO), moved)
	ADDQ(field(fieldBO), outerB)
	DECQ(o)
	JNZ(LabelRef("outer"))
	ADDQ(field(fieldAQ), moved)
	ADDQ(field(fieldBQ), outerB)
	DECQ(field(fieldQ))
	JNZ(LabelRef("sample"))

	// VMAXPS returns its last operand, here the sum, when one is NaN or both
	// are zeros.
	floor := v.vector()
	VBROADCASTSS(field(fieldFloor), floor)
	eachRow(fieldC, fieldCM, func(m int, at reg.GPVirtual) {
		for i, sum := range sums[m] {
			VMAXPS(sum, floor, sum)
			write(sum, i, Mem{Base: at, Disp: i * v.bytes})
		}
	})
	VZEROUPPER()
	RET()
}
