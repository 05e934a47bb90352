package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The fields of the struct strip (depthwise.go), of 8 bytes each.
const (
	stripX = iota
	stripY
	stripW
	stripStart
	stripO
	stripK
	stripAM
	stripAO
	stripAK
	stripStep
	stripStartBits
	stripEnd
	stripFloor
	stripMask
)

// depthWise writes one function per number of pixels in a strip. All compute, for
// each of so many vectors of channels,
//
//	y[m·step + c] = max(floor, start[c & bits] + Σ_o Σ_k x[m·am + o·ao + k·ak + c] · w[(o·K + k)·step + c])
//
// with o, then k, rising, one fused multiply-add per element and tap. The one vector of
// a masked strip is the part of one that the mask selects; what lies beyond is neither
// read nor written.
func depthWise(v isa) {
	for _, pixels := range []int{8, 4, 2, 1} {
		depthWiseOf(v, pixels, false)
		depthWiseOf(v, pixels, true)
	}
}

func depthWiseOf(v isa, pixels int, masked bool) {
	name := fmt.Sprintf("depthWise%sx%d", v.name, pixels)
	if masked {
		name += "mask"
	}
	TEXT(name, NOSPLIT, "func(t *byte)")
	Doc(fmt.Sprintf("%s computes a strip of %d pixels.", name, pixels))
	Pragma("noescape")

	t := Load(Param("t"), GP64())
	field := func(i int) Mem { return Mem{Base: t, Disp: 8 * i} }
	load := func(i int) reg.GPVirtual {
		r := GP64()
		MOVQ(field(i), r)
		return r
	}
	c := columns{v: v, n: 1}
	if masked {
		if v.bytes == 64 {
			k := K()
			KMOVW(field(stripMask), k)
			c.mask = k
		} else {
			y, m := YMM(), load(stripMask)
			VMOVUPS(Mem{Base: m}, y)
			c.mask = y
		}
	}
	am, ak, step := load(stripAM), load(stripAK), load(stripStep)
	outer, row, far, tap, o, k := GP64(), GP64(), GP64(), GP64(), GP64(), GP64()
	channel := GP64() // in bytes
	XORQ(channel, channel)
	am3 := GP64()
	if pixels >= 4 {
		LEAQ(Mem{Base: am, Index: am, Scale: 2}, am3)
	}
	// pixel is the one that is the m-th of those that begin at row, four further on at
	// far.
	pixel := func(m int) Mem {
		at := Mem{Base: row}
		if m >= 4 {
			at = Mem{Base: far}
		}
		switch m % 4 {
		case 1, 2:
			at.Index, at.Scale = am, uint8(m%4)
		case 3:
			at.Index, at.Scale = am3, 1
		}
		return at
	}

	Label("vector")
	MOVQ(channel, row)
	ANDQ(field(stripStartBits), row)
	ADDQ(field(stripStart), row)
	sums := make([]reg.VecVirtual, pixels)
	sums[0] = c.read(Mem{Base: row}, 0)
	for m := 1; m < pixels; m++ {
		sums[m] = v.vector()
		VMOVAPS(sums[0], sums[m])
	}
	MOVQ(field(stripW), tap)
	ADDQ(channel, tap)
	MOVQ(field(stripX), outer)
	ADDQ(channel, outer)
	MOVQ(field(stripO), o)
	Label("outer")
	MOVQ(outer, row)
	if pixels > 4 {
		LEAQ(Mem{Base: outer, Index: am, Scale: 4}, far)
	}
	MOVQ(field(stripK), k)
	Label("inner")
	weight := c.read(Mem{Base: tap}, 0)
	for m := range pixels {
		switch {
		case !masked:
			VFMADD231PS(pixel(m), weight, sums[m])
		case v.bytes == 64:
			VFMADD231PS(pixel(m), weight, c.mask, sums[m])
		default:
			part := v.vector()
			VMASKMOVPS(pixel(m), c.mask, part)
			VFMADD231PS(part, weight, sums[m])
		}
	}
	ADDQ(ak, row)
	if pixels > 4 {
		ADDQ(ak, far)
	}
	ADDQ(step, tap)
	DECQ(k)
	JNZ(LabelRef("inner"))
	ADDQ(field(stripAO), outer)
	DECQ(o)
	JNZ(LabelRef("outer"))

	// As in a product: the last operand where one is NaN or both are zeros.
	floor := v.vector()
	VBROADCASTSS(field(stripFloor), floor)
	MOVQ(field(stripY), row)
	ADDQ(channel, row)
	for m := range pixels {
		VMAXPS(sums[m], floor, sums[m])
		c.write(sums[m], Mem{Base: row}, 0)
		if m < pixels-1 {
			ADDQ(step, row)
		}
	}
	ADDQ(Imm(uint64(v.bytes)), channel)
	CMPQ(channel, field(stripEnd))
	JL(LabelRef("vector"))
	VZEROUPPER()
	RET()
}
