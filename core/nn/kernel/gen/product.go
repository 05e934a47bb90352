package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// An isa is a vector extension: how wide its registers are, and the largest
// tile of rows × vectors that they hold beside two vectors of B and one
// broadcast of A.
type isa struct {
	name  string
	bytes int // of a vector
	rows  int
}

var (
	avx512 = isa{"512", 64, 12} // 12×2 sums, 2 of B, 1 of A: 27 of 32 registers
	avx2   = isa{"256", 32, 6}  // 6×2 sums, 2 of B, 1 of A, 1 mask: 16 of 16
)

func (v isa) vector() reg.VecVirtual {
	if v.bytes == 64 {
		return ZMM()
	}
	return YMM()
}

// products writes one function per tile of rows × vectors. All share the
// struct tile (see tile_amd64.go), whose fields are 8 bytes each, and compute
//
//	c[m·cm + n] += Σ_o Σ_k a[o·ao + m·am + k·ak] · b[o·bo + k·bk + n]
//
// with o, then k, rising, one fused multiply-add per element and k.
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
}

// product writes one of them. The last vector of a masked tile is the part of
// one that the mask selects; what lies beyond is neither read nor written. On
// AVX-512 a mask costs nothing, on AVX2 it does.
func product(v isa, rows, vectors int, masked bool) {
	name := fmt.Sprintf("product%sx%dx%d", v.name, rows, vectors)
	if v.bytes == 32 && masked {
		name += "mask"
	}
	TEXT(name, NOSPLIT, "func(t *byte)")
	Doc(fmt.Sprintf("%s adds a tile of %d rows and %d vectors.", name, rows, vectors))
	Pragma("noescape")

	t := Load(Param("t"), GP64())
	field := func(i int) Mem { return Mem{Base: t, Disp: 8 * i} }
	const (
		fieldA = iota
		fieldB
		fieldC
		fieldO
		fieldK
		fieldAO
		fieldAM
		fieldAK
		fieldBO
		fieldBK
		fieldCM
		fieldMask
	)
	load := func(i int) reg.GPVirtual {
		r := GP64()
		MOVQ(field(i), r)
		return r
	}

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

	sums := make([][]reg.VecVirtual, rows)
	Comment("The sums start from C.")
	c, cm := load(fieldC), load(fieldCM)
	for m := range sums {
		for i := range vectors {
			sums[m] = append(sums[m], v.vector())
			read(Mem{Base: c, Disp: i * v.bytes}, i, sums[m][i])
		}
		if m < rows-1 {
			ADDQ(cm, c)
		}
	}

	outerA, outerB, o := load(fieldA), load(fieldB), load(fieldO)
	am, ak, bk := load(fieldAM), load(fieldAK), load(fieldBK)
	bases := make([]reg.GPVirtual, (rows+2)/3) // of rows 0, 3, 6, 9
	for i := range bases {
		bases[i] = GP64()
	}
	b, k := GP64(), GP64()

	Label("outer")
	MOVQ(outerA, bases[0])
	for i := range bases[1:] {
		LEAQ(Mem{Base: bases[i], Index: am, Scale: 2}, bases[i+1])
		ADDQ(am, bases[i+1])
	}
	MOVQ(outerB, b)
	MOVQ(field(fieldK), k)

	Label("inner")
	vecB := make([]reg.VecVirtual, vectors)
	for i := range vecB {
		vecB[i] = v.vector()
		read(Mem{Base: b, Disp: i * v.bytes}, i, vecB[i])
	}
	for m := range sums {
		value := Mem{Base: bases[m/3]}
		if m%3 > 0 {
			value = Mem{Base: bases[m/3], Index: am, Scale: uint8(m % 3)}
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
	ADDQ(field(fieldAO), outerA)
	ADDQ(field(fieldBO), outerB)
	DECQ(o)
	JNZ(LabelRef("outer"))

	c = load(fieldC)
	cm = load(fieldCM)
	for m := range sums {
		for i := range vectors {
			write(sums[m][i], i, Mem{Base: c, Disp: i * v.bytes})
		}
		if m < rows-1 {
			ADDQ(cm, c)
		}
	}
	VZEROUPPER()
	RET()
}
