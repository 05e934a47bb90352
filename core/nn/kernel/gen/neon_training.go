package main

import (
	"fmt"
	"strings"
)

// The passes of training for arm64 do what those in training.go do: no
// multiply-add is fused, since the portable passes do not fuse either.
func (l *listing) training() {
	l.squareRows()
	l.dotRows()
	l.affine()
	l.standardise()
	l.affineGrad()
	l.sgd()
	l.adam()
	l.adadelta()
	l.nonFinite()
	l.exps()
	l.sigmoids()
}

var (
	fsub  = encoding{0x4ea0d400, "FSUB V%[1]d.4S, V%[2]d.4S, V%[3]d.4S"}
	fmul  = encoding{0x6e20dc00, "FMUL V%[1]d.4S, V%[2]d.4S, V%[3]d.4S"}
	fdiv  = encoding{0x6e20fc00, "FDIV V%[1]d.4S, V%[2]d.4S, V%[3]d.4S"}
	fsqrt = encoding{0x6ea1f800, "FSQRT V%[1]d.4S, V%[2]d.4S"}

	fcvtl  = encoding{0x0e617800, "FCVTL V%[1]d.2D, V%[2]d.2S"} // to double precision
	faddD  = encoding{0x4e60d400, "FADD V%[1]d.2D, V%[2]d.2D, V%[3]d.2D"}
	fsubD  = encoding{0x4ee0d400, "FSUB V%[1]d.2D, V%[2]d.2D, V%[3]d.2D"}
	fmulD  = encoding{0x6e60dc00, "FMUL V%[1]d.2D, V%[2]d.2D, V%[3]d.2D"}
	fdivD  = encoding{0x6e60fc00, "FDIV V%[1]d.2D, V%[2]d.2D, V%[3]d.2D"}
	fcvtn  = encoding{0x0e616800, "FCVTN V%[1]d.2S, V%[2]d.2D"} // to single precision
	fcmgtD = encoding{0x6ee0e400, "FCMGT V%[1]d.2D, V%[2]d.2D, V%[3]d.2D"}
)

// A band is some columns of a picture: whole vectors, or two floats or one of
// the first; loads and stores of those touch no more and leave the other lanes
// 0.
type band struct {
	*listing
	columns int
}

func (b band) vectors() int { return (b.columns + 3) / 4 }

func (b band) read(pointer string, first int) {
	switch b.columns {
	case 1:
		b.put("FMOVS (%s), F%d", pointer, first)
	case 2:
		b.put("FMOVD (%s), F%d", pointer, first)
	default:
		b.put("VLD1 (%s), %s", pointer, vectors(first, b.vectors()))
	}
}

func (b band) write(first int, pointer string) {
	switch b.columns {
	case 1:
		b.put("FMOVS F%d, (%s)", first, pointer)
	case 2:
		b.put("FMOVD F%d, (%s)", first, pointer)
	default:
		b.put("VST1 %s, (%s)", vectors(first, b.vectors()), pointer)
	}
}

// each does an instruction on all vectors of a band, whose registers follow
// each other from d, n and m on.
func (b band) each(e encoding, d, n, m int) {
	for i := range b.vectors() {
		b.word(e, d+i, n+i, m+i)
	}
}

// overRows writes a pass over pictures of rows × columns and parameters with
// an element per channel: some columns of all rows, then the next ones, up to
// wide at once, fewer where fewer are left. The parameters are in the vector
// registers from 0, 4, 8 … on. row does one row, at the addresses in the
// registers at; end, unless nil, comes after the last, at those of the
// channels.
func (l *listing) overRows(name, doc string, pictures, channels []string, wide int, row, end func(b band, at []string)) {
	var params, bases, at []string
	for i, p := range append(append([]string{}, pictures...), channels...) {
		params, bases = append(params, p+" *float32"), append(bases, fmt.Sprintf("R%d", i))
	}
	for i := range pictures {
		at = append(at, fmt.Sprintf("R%d", 19+i))
	}
	l.function(name, doc, append(params, "columns int", "rows int")...)
	left, rows := fmt.Sprintf("R%d", len(bases)), fmt.Sprintf("R%d", len(bases)+1)
	const step, count = "R14", "R15"
	l.put("LSL $2, %s, %s", left, step)
	widths := []int{wide, 4, 2, 1}
	for i, n := range widths {
		next := "done"
		if i+1 < len(widths) {
			next = fmt.Sprintf("columns%d", widths[i+1])
		}
		b := band{l, n}
		l.label(fmt.Sprintf("columns%d", n))
		l.put("CMP $%d, %s", n, left)
		l.put("BLT %s", next)
		for j := range channels {
			b.read(bases[len(pictures)+j], 4*j)
		}
		for j := range pictures {
			l.put("MOVD %s, %s", bases[j], at[j])
		}
		l.put("MOVD %s, %s", rows, count)
		l.label(fmt.Sprintf("row%d", n))
		row(b, at)
		for _, p := range at {
			l.put("ADD %s, %s", step, p)
		}
		l.loop(count, fmt.Sprintf("row%d", n))
		if end != nil {
			end(b, bases[len(pictures):])
		}
		for _, p := range bases {
			l.put("ADD $%d, %s", 4*n, p)
		}
		l.put("SUB $%d, %s", n, left)
		l.put("B columns%d", n)
	}
	l.label("done")
	l.put("RET")
}

func (l *listing) squareRows() {
	const sum, mean, x = 0, 4, 16
	l.overRows("squareRows128", "adds (x − mean)² of every row to sum.", []string{"x"}, []string{"sum", "mean"}, 16,
		func(b band, at []string) {
			b.read(at[0], x)
			b.each(fsub, x, x, mean)
			b.each(fmul, x, x, x)
			b.each(fadd, sum, sum, x)
		},
		func(b band, at []string) { b.write(sum, at[0]) })
}

func (l *listing) dotRows() {
	const sum, mean, dy, x = 0, 4, 16, 20
	l.overRows("dotRows128", "adds dy·(x − mean) of every row to sum.", []string{"dy", "x"}, []string{"sum", "mean"}, 16,
		func(b band, at []string) {
			b.read(at[0], dy)
			b.read(at[1], x)
			b.each(fsub, x, x, mean)
			b.each(fmul, x, dy, x)
			b.each(fadd, sum, sum, x)
		},
		func(b band, at []string) { b.write(sum, at[0]) })
}

func (l *listing) affine() {
	const scale, shift, x = 0, 4, 16
	l.overRows("affine128", "sets y = x·scale + shift in every row.", []string{"y", "x"}, []string{"scale", "shift"}, 16,
		func(b band, at []string) {
			b.read(at[1], x)
			b.each(fmul, x, x, scale)
			b.each(fadd, x, x, shift)
			b.write(x, at[0])
		}, nil)
}

func (l *listing) standardise() {
	const mean, scale, x = 0, 4, 16
	l.overRows("standardise128", "sets y = (x − mean)·scale in every row.", []string{"y", "x"}, []string{"mean", "scale"}, 16,
		func(b band, at []string) {
			b.read(at[1], x)
			b.each(fsub, x, x, mean)
			b.each(fmul, x, x, scale)
			b.write(x, at[0])
		}, nil)
}

func (l *listing) affineGrad() {
	const mean, a, b, d, dy, x = 0, 4, 8, 12, 16, 20
	l.overRows("affineGrad128", "sets dx = (dy·a + (x − mean)·b) + d in every row.", []string{"dx", "dy", "x"}, []string{"mean", "a", "b", "d"}, 8,
		func(c band, at []string) {
			c.read(at[1], dy)
			c.read(at[2], x)
			c.each(fmul, dy, dy, a)
			c.each(fsub, x, x, mean)
			c.each(fmul, x, x, b)
			c.each(fadd, dy, dy, x)
			c.each(fadd, dy, dy, d)
			c.write(dy, at[0])
		}, nil)
}

// firstRate is where the rates of a step begin, each in all lanes of a
// register.
const firstRate = 16

func (l *listing) rates(pointer string, n int) {
	for i := range n {
		l.put("VLD1R.P 4(%s), [V%d.S4]", pointer, firstRate+i)
	}
}

// when does body if a bit of the extras is set.
func (l *listing) when(extras string, bit int, label string, body func()) {
	l.put("TBZ $%d, %s, %s", bit/2, extras, label) // bits 0, 1 and 2 are worth 1, 2 and 4
	body()
	l.label(label)
}

func (l *listing) sgd() {
	l.function("sgd128", "makes a step of gradient descent: momentum, and by its extras decay and Nesterov's step.",
		"w *float32", "v *float32", "grad *float32", "rates *float32", "extras int", "vectors int")
	const weight, grad, step, part = 0, 1, 2, 3
	const lr, momentum, decay = firstRate + sgdLR, firstRate + sgdMomentum, firstRate + sgdDecay
	l.rates("R3", sgdRates)
	l.label("loop")
	l.put("VLD1 (R0), [V%d.S4]", weight)
	l.put("VLD1.P 16(R2), [V%d.S4]", grad)
	l.when("R4", extraDecay, "momentum", func() {
		l.word(fmul, part, decay, weight)
		l.word(fadd, grad, grad, part)
	})
	l.put("VLD1 (R1), [V%d.S4]", step)
	l.word(fmul, step, momentum, step)
	l.word(fadd, step, step, grad)
	l.put("VST1.P [V%d.S4], 16(R1)", step)
	l.when("R4", extraNesterov, "step", func() {
		l.word(fmul, step, momentum, step)
		l.word(fadd, step, grad, step)
	})
	l.word(fmul, step, lr, step)
	l.word(fsub, weight, weight, step)
	l.put("VST1.P [V%d.S4], 16(R0)", weight)
	l.loop("R5", "loop")
	l.put("RET")
}

func (l *listing) adam() {
	l.function("adam128", "makes a step of Adam, with either decay of the weights by its extras.",
		"w *float32", "m *float32", "v *float32", "grad *float32", "rates *float32", "extras int", "vectors int")
	const weight, grad, mean, square, part = 0, 1, 2, 3, 4
	rate := func(i int) int { return firstRate + i }
	l.rates("R4", adamRates)
	l.label("loop")
	l.put("VLD1 (R0), [V%d.S4]", weight)
	l.put("VLD1.P 16(R3), [V%d.S4]", grad)
	l.when("R5", extraDecay, "shrink", func() {
		l.word(fmul, part, rate(adamDecay), weight)
		l.word(fadd, grad, grad, part)
	})
	l.when("R5", extraShrink, "moments", func() {
		l.word(fmul, part, rate(adamShrink), weight)
		l.word(fsub, weight, weight, part)
	})
	l.put("VLD1 (R1), [V%d.S4]", mean)
	l.word(fmul, mean, rate(adamBeta1), mean)
	l.word(fmul, part, rate(adamRest1), grad)
	l.word(fadd, mean, mean, part)
	l.put("VST1.P [V%d.S4], 16(R1)", mean)
	l.put("VLD1 (R2), [V%d.S4]", square)
	l.word(fmul, grad, grad, grad)
	l.word(fmul, grad, rate(adamRest2), grad)
	l.word(fmul, square, rate(adamBeta2), square)
	l.word(fadd, square, square, grad)
	l.put("VST1.P [V%d.S4], 16(R2)", square)
	l.word(fsqrt, square, square)
	l.word(fdiv, square, square, rate(adamRoot))
	l.word(fadd, square, square, rate(adamEpsilon))
	l.word(fmul, mean, rate(adamRate), mean)
	l.word(fdiv, mean, mean, square)
	l.word(fsub, weight, weight, mean)
	l.put("VST1.P [V%d.S4], 16(R0)", weight)
	l.loop("R6", "loop")
	l.put("RET")
}

func (l *listing) adadelta() {
	l.function("adadelta128", "makes a step of Adadelta, with decay of the weights by its extras.",
		"w *float32", "v *float32", "u *float32", "grad *float32", "rates *float32", "extras int", "vectors int")
	const weight, grad, square, step, part = 0, 1, 2, 3, 4
	rate := func(i int) int { return firstRate + i }
	l.rates("R4", adadeltaRates)
	l.label("loop")
	l.put("VLD1 (R0), [V%d.S4]", weight)
	l.put("VLD1.P 16(R3), [V%d.S4]", grad)
	l.when("R5", extraDecay, "squares", func() {
		l.word(fmul, part, rate(adadeltaDecay), weight)
		l.word(fadd, grad, grad, part)
	})
	l.word(fmul, part, grad, grad)
	l.word(fmul, part, part, rate(adadeltaRest))
	l.put("VLD1 (R1), [V%d.S4]", square)
	l.word(fmul, square, rate(adadeltaRho), square)
	l.word(fadd, square, square, part)
	l.put("VST1.P [V%d.S4], 16(R1)", square)
	l.word(fadd, square, square, rate(adadeltaEpsilon))
	l.word(fsqrt, square, square)
	l.put("VLD1 (R2), [V%d.S4]", part)
	l.word(fadd, step, part, rate(adadeltaEpsilon))
	l.word(fsqrt, step, step)
	l.word(fdiv, step, step, square)
	l.word(fmul, step, step, grad)
	l.word(fmul, part, part, rate(adadeltaRho))
	l.word(fmul, square, step, step)
	l.word(fmul, square, square, rate(adadeltaRest))
	l.word(fadd, part, part, square)
	l.put("VST1.P [V%d.S4], 16(R2)", part)
	l.word(fmul, step, step, rate(adadeltaLR))
	l.word(fsub, weight, weight, step)
	l.put("VST1.P [V%d.S4], 16(R0)", weight)
	l.loop("R6", "loop")
	l.put("RET")
}

func (l *listing) nonFinite() {
	l.declare("nonFinite128", "returns 0 if every value of x is finite, else another number.", []string{"x *float32", "vectors int"}, "found int")
	l.put("VEOR V0.B16, V0.B16, V0.B16")
	l.label("loop")
	l.put("VLD1.P 16(R0), [V1.S4]")
	l.word(fsub, 1, 1, 1) // +0, or NaN
	l.put("VORR V1.B16, V0.B16, V0.B16")
	l.loop("R1", "loop")
	l.put("VMOV V0.D[0], R2")
	l.put("VMOV V0.D[1], R3")
	l.put("ORR R3, R2")
	l.put("MOVD R2, found+16(FP)")
	l.put("RET")
}

func (l *listing) exps() {
	l.function("exps128", "sets e = Exp(x − top), two values at a time.",
		"e *float64", "x *float32", "top float64", "table *float64", "vectors int")
	const score, sum, top = 0, 5, 8
	l.put("VDUP R2, V%d.D2", top)
	l.exponentialTable("R3")
	l.label("loop")
	l.put("FMOVD.P 8(R1), F%d", score)
	l.word(fcvtl, score, score)
	l.word(fsubD, score, score, top)
	l.exponential(score, sum)
	l.put("VST1.P [V%d.D2], 16(R0)", sum)
	l.loop("R4", "loop")
	l.put("RET")
}

func (l *listing) sigmoids() {
	l.function("sigmoids128", "sets y = 1/(1 + Exp(−x)), two values at a time.",
		"y *float32", "x *float32", "table *float64", "vectors int")
	const score, sum = 0, 5
	l.exponentialTable("R2")
	one := exponentialConstant(expTaylor + taylorTerms - 1) // the constant term
	l.label("loop")
	l.put("FMOVD.P 8(R1), F%d", score)
	l.word(fcvtl, score, score)
	l.word(fsubD, score, exponentialNone, score)
	l.exponential(score, sum)
	l.word(faddD, sum, sum, one)
	l.word(fdivD, sum, one, sum)
	l.word(fcvtn, sum, sum)
	l.put("FMOVD.P F%d, 8(R0)", sum)
	l.loop("R3", "loop")
	l.put("RET")
}

// exponentialNone is the register that holds zeros for an exponential, whose constants
// follow from V10 on; it works in V1 to V4 and V6.
const exponentialNone = 9

func exponentialConstant(i int) int { return 10 + i }

// exponentialTable loads what an exponential needs from the table, whose address moves on.
func (l *listing) exponentialTable(table string) {
	l.put("VEOR V%[1]d.B16, V%[1]d.B16, V%[1]d.B16", exponentialNone)
	for i := range expTaylor + taylorTerms {
		l.put("VLD1R.P 8(%s), [V%d.D2]", table, exponentialConstant(i))
	}
}

// exponential sets sum to exact.Exp of the two doubles of score.
func (l *listing) exponential(score, sum int) {
	const rounded, k, r, part, where = 1, 2, 3, 4, 6
	constant := exponentialConstant
	bits := func(name string, operands ...int) { // on all 16 bytes
		list := make([]string, len(operands))
		for i, o := range operands {
			list[i] = fmt.Sprintf("V%d.B16", o)
		}
		l.put("%s %s", name, strings.Join(list, ", "))
	}
	l.word(fmulD, rounded, score, constant(expLog2E))
	l.word(faddD, rounded, rounded, constant(expRound))
	l.word(fsubD, k, rounded, constant(expRound))
	l.word(fmulD, part, k, constant(expLn2Hi))
	l.word(fsubD, r, score, part)
	l.word(fmulD, part, k, constant(expLn2Lo))
	l.word(fsubD, r, r, part)
	bits("VORR", constant(expTaylor), constant(expTaylor), sum)
	for i := 1; i < taylorTerms; i++ {
		l.word(fmulD, sum, sum, r)
		l.word(faddD, sum, sum, constant(expTaylor+i))
	}
	l.put("VSHL $52, V%d.D2, V%d.D2", rounded, rounded) // 0 for NaN, since that of a float32 has no low bits: NaN stays
	l.put("VADD V%d.D2, V%d.D2, V%d.D2", rounded, sum, sum)
	l.word(fcmgtD, where, score, constant(expMost))
	bits("VBIT", where, constant(expInf), sum)
	l.word(fcmgtD, where, constant(expLeast), score)
	bits("VBIT", where, exponentialNone, sum)
}
