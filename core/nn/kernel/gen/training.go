package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The passes of training. No multiply-add is fused, since the portable passes
// do not fuse either.
func training(v isa) {
	squareRows(v)
	dotRows(v)
	affine(v)
	standardise(v)
	affineGrad(v)
	sgd(v)
	adam(v)
	adadelta(v)
	nonFinite(v)
	exps(v)
	sigmoids(v)
}

// columns are some columns of a picture: n vectors, or the lanes of one that a
// mask selects; the others are neither read nor written.
type columns struct {
	v    isa
	n    int
	mask reg.Register // nil: whole vectors
}

func (c columns) read(m Mem, i int) reg.VecVirtual {
	m.Disp, m.Scale = i*c.v.bytes, 1
	to := c.v.vector()
	switch {
	case c.mask == nil:
		VMOVUPS(m, to)
	case c.v.bytes == 64:
		VMOVUPS_Z(m, c.mask, to)
	default:
		VMASKMOVPS(m, c.mask, to)
	}
	return to
}

func (c columns) write(from reg.VecVirtual, m Mem, i int) {
	m.Disp, m.Scale = i*c.v.bytes, 1
	switch {
	case c.mask == nil:
		VMOVUPS(from, m)
	case c.v.bytes == 64:
		VMOVUPS(from, c.mask, m)
	default:
		VMASKMOVPS(from, c.mask, m)
	}
}

// load reads the vectors of a parameter with an element per channel.
func (c columns) load(p reg.GPVirtual) (list []reg.VecVirtual) {
	for i := range c.n {
		list = append(list, c.read(Mem{Base: p}, i))
	}
	return list
}

// overRows writes a pass over pictures of rows × columns and parameters with
// an element per channel: some columns of all rows, then the next ones, as many
// vectors at once as wide says, then one, then what is left. Before the rows of
// each, begin returns what is done with a row and, unless nil, after the last.
func overRows(v isa, name, doc string, pictures, channels []string, wide int, begin func(c columns, pictures []Mem, channels []reg.GPVirtual) (row, end func())) {
	signature := "func("
	for _, p := range append(append([]string{}, pictures...), channels...) {
		signature += p + ", "
	}
	pass(v, name, signature[:len(signature)-2]+" *float32, columns, rows int, tail uintptr)", doc)
	at, step, left := GP64(), GP64(), arg("columns")
	var bases, params []reg.GPVirtual
	var cells []Mem
	for _, p := range pictures {
		bases = append(bases, arg(p))
		cells = append(cells, Mem{Base: bases[len(bases)-1], Index: at})
	}
	for _, p := range channels {
		params = append(params, arg(p))
	}
	MOVQ(left, step)
	SHLQ(Imm(2), step)

	block := func(c columns, suffix string) {
		rows := arg("rows")
		row, end := begin(c, cells, params)
		XORQ(at, at)
		Label("row" + suffix)
		row()
		ADDQ(step, at)
		DECQ(rows)
		JNZ(LabelRef("row" + suffix))
		if end != nil {
			end()
		}
	}
	for n, next := wide, 1; ; n, next = next, 0 {
		lanes := n * v.bytes / 4
		Label(fmt.Sprintf("columns%d", lanes))
		CMPQ(left, Imm(uint64(lanes)))
		if next > 0 {
			JL(LabelRef(fmt.Sprintf("columns%d", v.bytes/4)))
		} else {
			JL(LabelRef("tail"))
		}
		block(columns{v: v, n: n}, fmt.Sprint(lanes))
		for _, p := range append(bases, params...) {
			ADDQ(U32(n*v.bytes), p)
		}
		SUBQ(Imm(uint64(lanes)), left)
		JMP(LabelRef(fmt.Sprintf("columns%d", lanes)))
		if next == 0 {
			break
		}
	}
	Label("tail")
	TESTQ(left, left)
	JZ(LabelRef("done"))
	tail, last := arg("tail"), columns{v: v, n: 1}
	if v.bytes == 64 {
		k := K()
		KMOVW(tail.As32(), k)
		last.mask = k
	} else {
		y := YMM()
		VMOVUPS(Mem{Base: tail}, y)
		last.mask = y
	}
	block(last, "tail")
	Label("done")
	VZEROUPPER()
	RET()
}

func squareRows(v isa) {
	overRows(v, "squareRows", "adds (x − mean)² of every row to sum.", []string{"x"}, []string{"sum", "mean"}, 4,
		func(c columns, pictures []Mem, channels []reg.GPVirtual) (row, end func()) {
			sum, mean := c.load(channels[0]), c.load(channels[1])
			return func() {
					for i := range c.n {
						d := c.read(pictures[0], i)
						VSUBPS(mean[i], d, d)
						VMULPS(d, d, d)
						VADDPS(d, sum[i], sum[i])
					}
				}, func() {
					for i := range c.n {
						c.write(sum[i], Mem{Base: channels[0]}, i)
					}
				}
		})
}

func dotRows(v isa) {
	overRows(v, "dotRows", "adds dy·(x − mean) of every row to sum.", []string{"dy", "x"}, []string{"sum", "mean"}, 4,
		func(c columns, pictures []Mem, channels []reg.GPVirtual) (row, end func()) {
			sum, mean := c.load(channels[0]), c.load(channels[1])
			return func() {
					for i := range c.n {
						dy, x := c.read(pictures[0], i), c.read(pictures[1], i)
						VSUBPS(mean[i], x, x)
						VMULPS(x, dy, x)
						VADDPS(x, sum[i], sum[i])
					}
				}, func() {
					for i := range c.n {
						c.write(sum[i], Mem{Base: channels[0]}, i)
					}
				}
		})
}

func affine(v isa) {
	overRows(v, "affine", "sets y = x·scale + shift in every row.", []string{"y", "x"}, []string{"scale", "shift"}, 4,
		func(c columns, pictures []Mem, channels []reg.GPVirtual) (row, end func()) {
			scale, shift := c.load(channels[0]), c.load(channels[1])
			return func() {
				for i := range c.n {
					x := c.read(pictures[1], i)
					VMULPS(scale[i], x, x)
					VADDPS(shift[i], x, x)
					c.write(x, pictures[0], i)
				}
			}, nil
		})
}

func standardise(v isa) {
	overRows(v, "standardise", "sets y = (x − mean)·scale in every row.", []string{"y", "x"}, []string{"mean", "scale"}, 4,
		func(c columns, pictures []Mem, channels []reg.GPVirtual) (row, end func()) {
			mean, scale := c.load(channels[0]), c.load(channels[1])
			return func() {
				for i := range c.n {
					x := c.read(pictures[1], i)
					VSUBPS(mean[i], x, x)
					VMULPS(scale[i], x, x)
					c.write(x, pictures[0], i)
				}
			}, nil
		})
}

func affineGrad(v isa) {
	overRows(v, "affineGrad", "sets dx = (dy·a + (x − mean)·b) + d in every row.", []string{"dx", "dy", "x"}, []string{"mean", "a", "b", "d"}, 2,
		func(c columns, pictures []Mem, channels []reg.GPVirtual) (row, end func()) {
			mean, a, b, d := c.load(channels[0]), c.load(channels[1]), c.load(channels[2]), c.load(channels[3])
			return func() {
				for i := range c.n {
					dy, x := c.read(pictures[1], i), c.read(pictures[2], i)
					VMULPS(a[i], dy, dy)
					VSUBPS(mean[i], x, x)
					VMULPS(b[i], x, x)
					VADDPS(x, dy, dy)
					VADDPS(d[i], dy, dy)
					c.write(dy, pictures[0], i)
				}
			}, nil
		})
}

// The numbers of a step, as pack in passes_train.go orders them, and the bits
// of its extras.
const (
	sgdLR = iota
	sgdMomentum
	sgdDecay
	sgdRates
)

const (
	adamRate = iota
	adamRoot
	adamShrink
	adamDecay
	adamBeta1
	adamRest1
	adamBeta2
	adamRest2
	adamEpsilon
	adamRates
)

const (
	adadeltaLR = iota
	adadeltaEpsilon
	adadeltaDecay
	adadeltaRho
	adadeltaRest
	adadeltaRates
)

const (
	extraDecay    = 1
	extraNesterov = 2
	extraShrink   = 4
)

// broadcast fills a register with each of n rates.
func broadcast(v isa, rates reg.GPVirtual, n int) (list []reg.VecVirtual) {
	for i := range n {
		list = append(list, v.vector())
		VBROADCASTSS(Mem{Base: rates, Disp: 4 * i}, list[i])
	}
	return list
}

// when does body if a bit of the extras is set.
func when(extras reg.GPVirtual, bit uint64, label string, body func()) {
	TESTQ(U32(bit), extras)
	JZ(LabelRef(label))
	body()
	Label(label)
}

func sgd(v isa) {
	pass(v, "sgd", "func(w, v, grad, rates *float32, extras, vectors int)", "makes a step of gradient descent: momentum, and by its extras decay and Nesterov's step.")
	w, vel, g, extras, n := arg("w"), arg("v"), arg("grad"), arg("extras"), arg("vectors")
	rate := broadcast(v, arg("rates"), sgdRates)
	weight, grad, step, part := v.vector(), v.vector(), v.vector(), v.vector()
	loop(n, func() {
		VMOVUPS(Mem{Base: w}, weight)
		VMOVUPS(Mem{Base: g}, grad)
		when(extras, extraDecay, "momentum", func() {
			VMULPS(weight, rate[sgdDecay], part)
			VADDPS(part, grad, grad)
		})
		VMULPS(Mem{Base: vel}, rate[sgdMomentum], step)
		VADDPS(grad, step, step)
		VMOVUPS(step, Mem{Base: vel})
		when(extras, extraNesterov, "step", func() {
			VMULPS(step, rate[sgdMomentum], step)
			VADDPS(step, grad, step)
		})
		VMULPS(step, rate[sgdLR], step)
		VSUBPS(step, weight, weight)
		VMOVUPS(weight, Mem{Base: w})
		for _, p := range []reg.GPVirtual{w, vel, g} {
			ADDQ(Imm(uint64(v.bytes)), p)
		}
	})
}

func adam(v isa) {
	pass(v, "adam", "func(w, m, v, grad, rates *float32, extras, vectors int)", "makes a step of Adam, with either decay of the weights by its extras.")
	w, m, second, g, extras, n := arg("w"), arg("m"), arg("v"), arg("grad"), arg("extras"), arg("vectors")
	rate := broadcast(v, arg("rates"), adamRates)
	weight, grad, mean, square, part := v.vector(), v.vector(), v.vector(), v.vector(), v.vector()
	loop(n, func() {
		VMOVUPS(Mem{Base: w}, weight)
		VMOVUPS(Mem{Base: g}, grad)
		when(extras, extraDecay, "shrink", func() {
			VMULPS(weight, rate[adamDecay], part)
			VADDPS(part, grad, grad)
		})
		when(extras, extraShrink, "moments", func() {
			VMULPS(weight, rate[adamShrink], part)
			VSUBPS(part, weight, weight)
		})
		VMULPS(Mem{Base: m}, rate[adamBeta1], mean)
		VMULPS(grad, rate[adamRest1], part)
		VADDPS(part, mean, mean)
		VMOVUPS(mean, Mem{Base: m})
		VMULPS(grad, grad, grad)
		VMULPS(grad, rate[adamRest2], grad)
		VMULPS(Mem{Base: second}, rate[adamBeta2], square)
		VADDPS(grad, square, square)
		VMOVUPS(square, Mem{Base: second})
		VSQRTPS(square, square)
		VDIVPS(rate[adamRoot], square, square)
		VADDPS(rate[adamEpsilon], square, square)
		VMULPS(mean, rate[adamRate], mean)
		VDIVPS(square, mean, mean)
		VSUBPS(mean, weight, weight)
		VMOVUPS(weight, Mem{Base: w})
		for _, p := range []reg.GPVirtual{w, m, second, g} {
			ADDQ(Imm(uint64(v.bytes)), p)
		}
	})
}

func adadelta(v isa) {
	pass(v, "adadelta", "func(w, v, u, grad, rates *float32, extras, vectors int)", "makes a step of Adadelta, with decay of the weights by its extras.")
	w, second, u, g, extras, n := arg("w"), arg("v"), arg("u"), arg("grad"), arg("extras"), arg("vectors")
	rate := broadcast(v, arg("rates"), adadeltaRates)
	weight, grad, square, step, part := v.vector(), v.vector(), v.vector(), v.vector(), v.vector()
	loop(n, func() {
		VMOVUPS(Mem{Base: w}, weight)
		VMOVUPS(Mem{Base: g}, grad)
		when(extras, extraDecay, "squares", func() {
			VMULPS(weight, rate[adadeltaDecay], part)
			VADDPS(part, grad, grad)
		})
		VMULPS(grad, grad, part)
		VMULPS(part, rate[adadeltaRest], part)
		VMULPS(Mem{Base: second}, rate[adadeltaRho], square)
		VADDPS(part, square, square)
		VMOVUPS(square, Mem{Base: second})
		VADDPS(rate[adadeltaEpsilon], square, square)
		VSQRTPS(square, square)
		VMOVUPS(Mem{Base: u}, part)
		VADDPS(rate[adadeltaEpsilon], part, step)
		VSQRTPS(step, step)
		VDIVPS(square, step, step)
		VMULPS(grad, step, step)
		VMULPS(part, rate[adadeltaRho], part)
		VMULPS(step, step, square)
		VMULPS(square, rate[adadeltaRest], square)
		VADDPS(square, part, part)
		VMOVUPS(part, Mem{Base: u})
		VMULPS(step, rate[adadeltaLR], step)
		VSUBPS(step, weight, weight)
		VMOVUPS(weight, Mem{Base: w})
		for _, p := range []reg.GPVirtual{w, second, u, g} {
			ADDQ(Imm(uint64(v.bytes)), p)
		}
	})
}

func nonFinite(v isa) {
	pass(v, "nonFinite", "func(x *float32, vectors int) int", "returns 0 if every value of x is finite, else another number.")
	x, n := arg("x"), arg("vectors")
	found, value := zero(v), v.vector()
	Label("loop")
	VMOVUPS(Mem{Base: x}, value)
	VSUBPS(value, value, value) // +0, or NaN
	if v.bytes == 64 {
		VPORD(value, found, found)
	} else {
		VORPS(value, found, found)
	}
	ADDQ(Imm(uint64(v.bytes)), x)
	DECQ(n)
	JNZ(LabelRef("loop"))
	result := GP64()
	if v.bytes == 64 {
		k := K()
		VPTESTMD(found, found, k)
		KMOVW(k, result.As32())
	} else {
		nan := YMM()
		VCMPPS(Imm(unordered), found, found, nan)
		VMOVMSKPS(nan, result.As32())
	}
	Store(result, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// The order of exact.ExpTable, and how many coefficients end it.
const (
	expLog2E = iota
	expRound
	expLn2Hi
	expLn2Lo
	expMost
	expLeast
	expInf
	expTaylor
	taylorTerms = 14
)

const less = 0x11 // a predicate of VCMPPD: ordered, quiet

func exps(v isa) {
	pass(v, "exps", "func(e *float64, x *float32, top float64, table *float64, vectors int)",
		"sets e = Exp(x − top), as many values as a vector holds in double precision at a time.")
	e, x, table, n := arg("e"), arg("x"), arg("table"), arg("vectors")
	param, err := Param("top").Resolve()
	if err != nil {
		panic(err)
	}
	top := v.vector()
	VBROADCASTSD(param.Addr, top)
	exponential := newExponential(v, table)
	score, sum := v.vector(), v.vector()
	loop(n, func() {
		VCVTPS2PD(Mem{Base: x}, score)
		VSUBPD(top, score, score)
		exponential.of(score, sum)
		VMOVUPD(sum, Mem{Base: e})
		ADDQ(Imm(uint64(v.bytes)/2), x)
		ADDQ(Imm(uint64(v.bytes)), e)
	})
}

func sigmoids(v isa) {
	pass(v, "sigmoids", "func(y *float32, x *float32, table *float64, vectors int)",
		"sets y = 1/(1 + Exp(−x)), as many values as a vector holds in double precision at a time.")
	y, x, table, n := arg("y"), arg("x"), arg("table"), arg("vectors")
	exponential := newExponential(v, table)
	score, sum := v.vector(), v.vector()
	one := v.vector()
	VBROADCASTSD(Mem{Base: table, Disp: 8 * (expTaylor + taylorTerms - 1)}, one) // the constant term
	loop(n, func() {
		VCVTPS2PD(Mem{Base: x}, score)
		VSUBPD(score, exponential.none, score)
		exponential.of(score, sum)
		VADDPD(one, sum, sum)
		VDIVPD(sum, one, sum)
		if v.bytes == 64 {
			half := YMM()
			VCVTPD2PS(sum, half)
			VMOVUPS(half, Mem{Base: y})
		} else {
			half := XMM()
			VCVTPD2PSY(sum, half)
			VMOVUPS(half, Mem{Base: y})
		}
		ADDQ(Imm(uint64(v.bytes)/2), x)
		ADDQ(Imm(uint64(v.bytes)/2), y)
	})
}

// An exponential is exact.Exp of a vector of doubles: its constants and what it works in.
type exponential struct {
	isa
	constant                  func(i int) reg.VecVirtual
	none, rounded, k, r, part reg.VecVirtual
}

func newExponential(v isa, table reg.Register) exponential {
	x := exponential{isa: v, none: zero(v), rounded: v.vector(), k: v.vector(), r: v.vector(), part: v.vector()}
	load := func(i int) reg.VecVirtual {
		c := v.vector()
		VBROADCASTSD(Mem{Base: table, Disp: 8 * i}, c)
		return c
	}
	x.constant = load
	if v.bytes == 64 { // has registers for all of them
		var constants []reg.VecVirtual
		for i := range expTaylor + taylorTerms {
			constants = append(constants, load(i))
		}
		x.constant = func(i int) reg.VecVirtual { return constants[i] }
	}
	return x
}

// of sets sum to the exponential of score.
func (x exponential) of(score, sum reg.VecVirtual) {
	put := func(predicate uint64, limit, value reg.VecVirtual) { // where score compares so with limit, sum is value
		if x.bytes == 64 {
			where := K()
			VCMPPD(Imm(predicate), limit, score, where)
			VMOVAPD(value, where, sum)
		} else {
			where := YMM()
			VCMPPD(Imm(predicate), limit, score, where)
			VBLENDVPD(where, value, sum, sum)
		}
	}
	VMULPD(x.constant(expLog2E), score, x.rounded)
	VADDPD(x.constant(expRound), x.rounded, x.rounded)
	VSUBPD(x.constant(expRound), x.rounded, x.k)
	VMULPD(x.constant(expLn2Hi), x.k, x.part)
	VSUBPD(x.part, score, x.r)
	VMULPD(x.constant(expLn2Lo), x.k, x.part)
	VSUBPD(x.part, x.r, x.r)
	VMOVAPD(x.constant(expTaylor), sum)
	for i := 1; i < taylorTerms; i++ {
		VMULPD(x.r, sum, sum)
		VADDPD(x.constant(expTaylor+i), sum, sum)
	}
	VPSLLQ(Imm(52), x.rounded, x.rounded) // 0 for NaN, since that of a float32 has no low bits: NaN stays
	VPADDQ(x.rounded, sum, sum)
	put(greater, x.constant(expMost), x.constant(expInf))
	put(less, x.constant(expLeast), x.none)
}
