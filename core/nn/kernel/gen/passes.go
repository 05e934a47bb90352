package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The element-wise passes work on whole vectors; their callers in Go do what
// is left over. None of them adds in another order than the portable pass, so
// all have the same bits.
func passes(v isa) {
	relu(v)
	reluGrad(v)
	clamp(v)
	blend(v)
	add(v)
	addRows(v)
	maxPool(v)
	maxPoolGrad(v)
	maxWindow(v)
	transpose(v)
	peak(v)
	training(v)
}

// Predicates of VCMPPS.
const (
	greater   = 0x1e // ordered, quiet
	unordered = 0x03
	ordered   = 0x07
)

func pass(v isa, name, signature, doc string) {
	TEXT(name+v.name, NOSPLIT, signature)
	Doc(name + v.name + " " + doc)
	Pragma("noescape")
}

func arg(name string) reg.GPVirtual { return Load(Param(name), GP64()).(reg.GPVirtual) }

func zero(v isa) reg.VecVirtual {
	z := v.vector()
	if v.bytes == 64 {
		VPXORD(z, z, z)
	} else {
		VXORPS(z, z, z)
	}
	return z
}

// loop repeats body vectors times, which is at least once.
func loop(vectors reg.GPVirtual, body func()) {
	Label("loop")
	body()
	DECQ(vectors)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

func relu(v isa) {
	pass(v, "relu", "func(y, x *float32, vectors int)", "sets y = max(x, 0), NaN where x is NaN.")
	y, x, n := arg("y"), arg("x"), arg("vectors")
	z, r := zero(v), v.vector()
	loop(n, func() {
		VMAXPS(Mem{Base: x}, z, r) // of two zeros and with NaN: x
		VMOVUPS(r, Mem{Base: y})
		ADDQ(Imm(uint64(v.bytes)), x)
		ADDQ(Imm(uint64(v.bytes)), y)
	})
}

func reluGrad(v isa) {
	pass(v, "reluGrad", "func(dx, dy, y *float32, vectors int)", "sets dx = dy where y > 0, else 0.")
	dx, dy, y, n := arg("dx"), arg("dy"), arg("y"), arg("vectors")
	z, r := zero(v), v.vector()
	loop(n, func() {
		VMOVUPS(Mem{Base: y}, r)
		if v.bytes == 64 {
			k := K()
			VCMPPS(Imm(greater), z, r, k)
			VMOVUPS_Z(Mem{Base: dy}, k, r)
		} else {
			VCMPPS(Imm(greater), z, r, r)
			VANDPS(Mem{Base: dy}, r, r)
		}
		VMOVUPS(r, Mem{Base: dx})
		for _, p := range []reg.GPVirtual{dx, dy, y} {
			ADDQ(Imm(uint64(v.bytes)), p)
		}
	})
}

func clamp(v isa) {
	pass(v, "clamp", "func(y, x, bounds *float32, vectors int)", "sets y = bounds[0] where x is less, bounds[1] where it is more, else x, NaN among it.")
	y, x, bounds, n := arg("y"), arg("x"), arg("bounds"), arg("vectors")
	low, high, r := v.vector(), v.vector(), v.vector()
	VBROADCASTSS(Mem{Base: bounds}, low)
	VBROADCASTSS(Mem{Base: bounds, Disp: 4}, high)
	loop(n, func() {
		VMAXPS(Mem{Base: x}, low, r) // of two zeros and with NaN: x
		VMINPS(r, high, r)
		VMOVUPS(r, Mem{Base: y})
		ADDQ(Imm(uint64(v.bytes)), x)
		ADDQ(Imm(uint64(v.bytes)), y)
	})
}

func blend(v isa) {
	pass(v, "blend", "func(y, a, b, c, d *float32, t, u float32, vectors int)", "sets y to what lies between a and b at t, c and d at t, and both at u.")
	y, n := arg("y"), arg("vectors")
	pixels := []reg.GPVirtual{arg("a"), arg("b"), arg("c"), arg("d")}
	spread := func(name string) reg.VecVirtual { // in all lanes
		at, err := Param(name).Resolve()
		if err != nil {
			panic(err)
		}
		to := v.vector()
		VBROADCASTSS(at.Addr, to)
		return to
	}
	t, u := spread("t"), spread("u")
	between := func(a, b, at reg.VecVirtual) { // b = a + at·(b−a)
		VSUBPS(a, b, b)
		VMULPS(at, b, b)
		VADDPS(a, b, b)
	}
	loop(n, func() {
		var p [4]reg.VecVirtual
		for i, from := range pixels {
			p[i] = v.vector()
			VMOVUPS(Mem{Base: from}, p[i])
			ADDQ(Imm(uint64(v.bytes)), from)
		}
		between(p[0], p[1], t)
		between(p[2], p[3], t)
		between(p[1], p[3], u)
		VMOVUPS(p[3], Mem{Base: y})
		ADDQ(Imm(uint64(v.bytes)), y)
	})
}

func add(v isa) {
	pass(v, "add", "func(sum, x *float32, vectors int)", "adds x to sum.")
	sum, x, n := arg("sum"), arg("x"), arg("vectors")
	r := v.vector()
	loop(n, func() {
		VMOVUPS(Mem{Base: sum}, r)
		VADDPS(Mem{Base: x}, r, r)
		VMOVUPS(r, Mem{Base: sum})
		ADDQ(Imm(uint64(v.bytes)), sum)
		ADDQ(Imm(uint64(v.bytes)), x)
	})
}

func addRows(v isa) {
	pass(v, "addRows", "func(sum, x *float32, rows, step int)", "adds a vector of every row of x to sum; rows are step bytes apart.")
	sum, x, rows, step := arg("sum"), arg("x"), arg("rows"), arg("step")
	r := v.vector()
	VMOVUPS(Mem{Base: sum}, r)
	Label("loop")
	VADDPS(Mem{Base: x}, r, r)
	ADDQ(step, x)
	DECQ(rows)
	JNZ(LabelRef("loop"))
	VMOVUPS(r, Mem{Base: sum})
	VZEROUPPER()
	RET()
}

// corners are the four inputs of a pool, in the order in which ties go.
func corners(x, step, row, diagonal reg.GPVirtual) [4]Mem {
	return [4]Mem{{Base: x}, {Base: x, Index: step, Scale: 1}, {Base: x, Index: row, Scale: 1}, {Base: x, Index: diagonal, Scale: 1}}
}

// pixels walks over the pixels of a row of outputs, and over the vectors of
// each: out moves on by a vector, in by a vector and after each pixel by
// another step, since it skips every other pixel.
func pixels(v isa, in reg.GPVirtual, out []reg.GPVirtual, step reg.GPVirtual, body func()) {
	n, left := arg("pixels"), GP64()
	Label("pixel")
	MOVQ(step, left)
	Label("vector")
	body()
	for _, p := range append(out, in) {
		ADDQ(Imm(uint64(v.bytes)), p)
	}
	SUBQ(Imm(uint64(v.bytes)), left)
	JNZ(LabelRef("vector"))
	ADDQ(step, in)
	DECQ(n)
	JNZ(LabelRef("pixel"))
	VZEROUPPER()
	RET()
}

// codes returns vectors of the words 0, 1, 2, 3.
func codes(v isa) (list [4]reg.VecVirtual) {
	word := GP32()
	for i := range list {
		list[i] = v.vector()
		MOVL(U32(i), word)
		if v.bytes == 64 {
			VPBROADCASTD(word, list[i])
		} else {
			x := XMM()
			VMOVD(word, x)
			VPBROADCASTD(x, list[i])
		}
	}
	return list
}

func maxPool(v isa) {
	pass(v, "maxPool", "func(y *float32, from *int32, x *float32, row, step, pixels int)",
		"fills one row of outputs: the largest of four pixels and which it was. A pixel is step bytes, a row of x row bytes.")
	y, from, x, row, step := arg("y"), arg("from"), arg("x"), arg("row"), arg("step")
	diagonal := GP64()
	LEAQ(Mem{Base: row, Index: step, Scale: 1}, diagonal)
	code := codes(v)
	best, value, which := v.vector(), v.vector(), v.vector()
	pixels(v, x, []reg.GPVirtual{y, from}, step, func() {
		taps := corners(x, step, row, diagonal)
		VMOVUPS(taps[0], best)
		if v.bytes == 64 {
			VMOVDQA32(code[0], which)
		} else {
			VMOVDQA(code[0], which)
		}
		for i := 1; i < 4; i++ {
			VMOVUPS(taps[i], value)
			if v.bytes == 64 {
				larger, nan := K(), K()
				VCMPPS(Imm(greater), best, value, larger)
				VCMPPS(Imm(unordered), value, value, nan)
				KORW(larger, nan, larger)
				VMOVAPS(value, larger, best)
				VMOVDQA32(code[i], larger, which)
			} else {
				larger, nan := YMM(), YMM()
				VCMPPS(Imm(greater), best, value, larger)
				VCMPPS(Imm(unordered), value, value, nan)
				VORPS(larger, nan, larger)
				VBLENDVPS(larger, value, best, best)
				VBLENDVPS(larger, code[i], which, which)
			}
		}
		VMOVUPS(best, Mem{Base: y})
		if v.bytes == 64 {
			VMOVDQU32(which, Mem{Base: from})
		} else {
			VMOVDQU(which, Mem{Base: from})
		}
	})
}

func maxPoolGrad(v isa) {
	pass(v, "maxPoolGrad", "func(dx, dy *float32, from *int32, row, step, pixels int)",
		"sets the four pixels under each output of one row: dy where it came from, else 0.")
	dx, dy, from, row, step := arg("dx"), arg("dy"), arg("from"), arg("row"), arg("step")
	diagonal := GP64()
	LEAQ(Mem{Base: row, Index: step, Scale: 1}, diagonal)
	code := codes(v)
	grad, which, part := v.vector(), v.vector(), v.vector()
	pixels(v, dx, []reg.GPVirtual{dy, from}, step, func() {
		VMOVUPS(Mem{Base: dy}, grad)
		if v.bytes == 64 {
			VMOVDQU32(Mem{Base: from}, which)
		} else {
			VMOVDQU(Mem{Base: from}, which)
		}
		for i, tap := range corners(dx, step, row, diagonal) {
			if v.bytes == 64 {
				k := K()
				VPCMPEQD(code[i], which, k)
				VMOVAPS_Z(grad, k, part)
			} else {
				VPCMPEQD(code[i], which, part)
				VANDPS(grad, part, part)
			}
			VMOVUPS(part, tap)
		}
	})
}

func maxWindow(v isa) {
	pass(v, "maxWindow", "func(y *float32, from *int32, x *float32, ordinals *int32, at, rows, cols, down, right, vectors int)",
		"sets y to the largest of a window of x, and from to where it is, at + …; ordinals are 0, 1, … of a vector.")
	y, from, x, ordinals := arg("y"), arg("from"), arg("x"), arg("ordinals")
	rows, cols, down, right, n := arg("rows"), arg("cols"), arg("down"), arg("right"), arg("vectors")
	spread := func(word reg.GPVirtual) reg.VecVirtual { // in all lanes
		to := v.vector()
		if v.bytes == 64 {
			VPBROADCASTD(word.As32(), to)
			return to
		}
		one := XMM()
		VMOVD(word.As32(), one)
		VPBROADCASTD(one, to)
		return to
	}
	first := spread(arg("at"))
	VPADDD(Mem{Base: ordinals}, first, first)
	lanes := GP64()
	MOVQ(U32(uint32(v.bytes/4)), lanes)
	onVectors, onRows, onCols := spread(lanes), spread(down), spread(right)
	SHLQ(Imm(2), down)
	SHLQ(Imm(2), right)
	row, pixel, r, c := GP64(), GP64(), GP64(), GP64()
	copied := func(from, to reg.VecVirtual) {
		if v.bytes == 64 {
			VMOVDQA32(from, to)
		} else {
			VMOVDQA(from, to)
		}
	}
	// block takes that many vectors at once, none of which waits for another.
	type vector struct{ most, which, place, line reg.VecVirtual }
	block := func(at int) {
		list := make([]vector, at)
		for i := range list {
			list[i] = vector{v.vector(), v.vector(), v.vector(), v.vector()}
			VMOVUPS(Mem{Base: x, Disp: i * v.bytes}, list[i].most)
			copied(first, list[i].which)
			copied(first, list[i].line)
			VPADDD(onVectors, first, first)
		}
		MOVQ(x, row)
		MOVQ(rows, r)
		Label(fmt.Sprint("row", at))
		for _, l := range list {
			copied(l.line, l.place)
		}
		MOVQ(row, pixel)
		MOVQ(cols, c)
		Label(fmt.Sprint("col", at))
		for i, l := range list {
			value := v.vector()
			VMOVUPS(Mem{Base: pixel, Disp: i * v.bytes}, value)
			if v.bytes == 64 {
				over, nan, number := K(), K(), K()
				VCMPPS(Imm(greater), l.most, value, over)
				VCMPPS(Imm(unordered), value, value, nan)
				VCMPPS(Imm(ordered), l.most, l.most, number)
				KANDW(nan, number, nan)
				KORW(over, nan, over)
				VMOVAPS(value, over, l.most)
				VMOVDQA32(l.place, over, l.which)
			} else {
				over, nan, number := YMM(), YMM(), YMM()
				VCMPPS(Imm(greater), l.most, value, over)
				VCMPPS(Imm(unordered), value, value, nan)
				VCMPPS(Imm(ordered), l.most, l.most, number)
				VANDPS(nan, number, nan)
				VORPS(over, nan, over)
				VBLENDVPS(over, value, l.most, l.most)
				VBLENDVPS(over, l.place, l.which, l.which)
			}
			VPADDD(onCols, l.place, l.place)
		}
		ADDQ(right, pixel)
		DECQ(c)
		JNZ(LabelRef(fmt.Sprint("col", at)))
		for _, l := range list {
			VPADDD(onRows, l.line, l.line)
		}
		ADDQ(down, row)
		DECQ(r)
		JNZ(LabelRef(fmt.Sprint("row", at)))
		for i, l := range list {
			VMOVUPS(l.most, Mem{Base: y, Disp: i * v.bytes})
			if v.bytes == 64 {
				VMOVDQU32(l.which, Mem{Base: from, Disp: i * v.bytes})
			} else {
				VMOVDQU(l.which, Mem{Base: from, Disp: i * v.bytes})
			}
		}
		for _, p := range []reg.GPVirtual{y, from, x} {
			ADDQ(U32(uint32(at*v.bytes)), p)
		}
	}
	many := v.bytes / 16
	Label("many")
	CMPQ(n, U32(uint32(many)))
	JL(LabelRef("few"))
	block(many)
	SUBQ(U32(uint32(many)), n)
	JMP(LabelRef("many"))
	Label("few")
	TESTQ(n, n)
	JZ(LabelRef("done"))
	block(1)
	DECQ(n)
	JMP(LabelRef("few"))
	Label("done")
	VZEROUPPER()
	RET()
}

// transpose turns squares of as many rows as a vector has lanes: pairs of rows are
// interleaved, then pairs of pairs, which transposes the 4×4 squares of every quarter
// or half of a vector, and then those parts change places.
func transpose(v isa) {
	pass(v, "transpose", "func(to, from *float32, stride, step, squares int)",
		"turns squares that lie side by side in from, with rows step bytes apart; in to they lie one below the other, with rows stride bytes apart.")
	to, from, stride, step, n := arg("to"), arg("from"), arg("stride"), arg("step"), arg("squares")
	lanes := v.bytes / 4
	loop(n, func() {
		at := GP64()
		MOVQ(from, at)
		rows := make([]reg.VecVirtual, lanes)
		for i := range rows {
			rows[i] = v.vector()
			VMOVUPS(Mem{Base: at}, rows[i])
			if i < lanes-1 {
				ADDQ(step, at)
			}
		}
		// pairs makes of rows i and i+apart, for every i without that bit, low(…) and high(…).
		pairs := func(apart int, low, high func(a, b, to reg.VecVirtual)) {
			for i := range rows {
				if i&apart != 0 {
					continue
				}
				a, b := rows[i], rows[i+apart]
				rows[i], rows[i+apart] = v.vector(), v.vector()
				low(a, b, rows[i])
				high(a, b, rows[i+apart])
			}
		}
		parts := func(order uint64) func(a, b, to reg.VecVirtual) {
			return func(a, b, to reg.VecVirtual) {
				if v.bytes == 64 {
					VSHUFF32X4(Imm(order), b, a, to)
				} else {
					VPERM2F128(Imm(order), b, a, to)
				}
			}
		}
		pairs(1, func(a, b, to reg.VecVirtual) { VUNPCKLPS(b, a, to) }, func(a, b, to reg.VecVirtual) { VUNPCKHPS(b, a, to) })
		pairs(2, func(a, b, to reg.VecVirtual) { VUNPCKLPD(b, a, to) }, func(a, b, to reg.VecVirtual) { VUNPCKHPD(b, a, to) })
		if v.bytes == 64 {
			pairs(4, parts(0x88), parts(0xdd)) // the even quarters of both, and the odd ones
			pairs(8, parts(0x88), parts(0xdd))
		} else {
			pairs(4, parts(0x20), parts(0x31)) // the first halves of both, and the second ones
		}
		for j := range rows {
			VMOVUPS(rows[column(j)], Mem{Base: to})
			ADDQ(stride, to)
		}
		ADDQ(Imm(uint64(v.bytes)), from)
	})
}

// column is where the interleaving leaves column j of a square: with the two lowest bits
// of its number exchanged.
func column(j int) int { return j&^3 | j&1<<1 | j&2>>1 }

// peakSums is how many sums peak keeps in flight: two fused multiply-adds a
// cycle of up to six cycles each.
const peakSums = 12

func peak(v isa) {
	pass(v, "peak", "func(rounds int)", "does rounds × 12 fused multiply-adds on whole vectors, none waiting for another.")
	rounds := arg("rounds")
	x := zero(v)
	var sums [peakSums]reg.VecVirtual
	for i := range sums {
		sums[i] = zero(v)
	}
	loop(rounds, func() {
		for _, s := range sums {
			VFMADD231PS(x, x, s)
		}
	})
}
