package main

import "fmt"

// The element-wise passes for arm64 do what those in passes.go do: whole
// vectors, of four floats here, in the same order. FMAX would be shorter than
// a comparison and a choice, but it makes +0 of max(−0, 0).
func (l *listing) passes() {
	l.relu()
	l.reluGrad()
	l.clamp()
	l.blend()
	l.add()
	l.addRows()
	l.maxPool()
	l.maxPoolGrad()
	l.maxWindow()
	l.transpose()
	l.peak()
	l.training()
}

func (l *listing) relu() {
	l.function("relu128", "sets y = max(x, 0), NaN where x is NaN.", "y *float32", "x *float32", "vectors int")
	l.put("VEOR V1.B16, V1.B16, V1.B16")
	l.label("loop")
	l.put("VLD1.P 16(R1), [V0.S4]")
	l.word(below, 2, 0)
	l.put("VBIT V2.B16, V1.B16, V0.B16") // 0 where x < 0
	l.put("VST1.P [V0.S4], 16(R0)")
	l.loop("R2", "loop")
	l.put("RET")
}

func (l *listing) reluGrad() {
	l.function("reluGrad128", "sets dx = dy where y > 0, else 0.", "dx *float32", "dy *float32", "y *float32", "vectors int")
	l.label("loop")
	l.put("VLD1.P 16(R2), [V0.S4]")
	l.put("VLD1.P 16(R1), [V1.S4]")
	l.word(above, 0, 0)
	l.put("VAND V0.B16, V1.B16, V1.B16")
	l.put("VST1.P [V1.S4], 16(R0)")
	l.loop("R3", "loop")
	l.put("RET")
}

func (l *listing) clamp() {
	l.function("clamp128", "sets y = bounds[0] where x is less, bounds[1] where it is more, else x, NaN among it.", "y *float32", "x *float32", "bounds *float32", "vectors int")
	l.put("VLD1R (R2), [V1.S4]")
	l.put("ADD $4, R2")
	l.put("VLD1R (R2), [V2.S4]")
	l.label("loop")
	l.put("VLD1.P 16(R1), [V0.S4]")
	l.word(fcmgt, 3, 1, 0)
	l.put("VBIT V3.B16, V1.B16, V0.B16")
	l.word(fcmgt, 3, 0, 2)
	l.put("VBIT V3.B16, V2.B16, V0.B16")
	l.put("VST1.P [V0.S4], 16(R0)")
	l.loop("R3", "loop")
	l.put("RET")
}

func (l *listing) blend() {
	l.function("blend128", "sets y to what lies between a and b at by[0], c and d at by[0], and both at by[1].",
		"y *float32", "a *float32", "b *float32", "c *float32", "d *float32", "by *float32", "vectors int")
	const a, b, c, d, t, u = 0, 1, 2, 3, 4, 5
	l.put("VLD1R.P 4(R5), [V%d.S4]", t)
	l.put("VLD1R (R5), [V%d.S4]", u)
	between := func(a, b, at int) { // b = a + at·(b−a)
		l.word(fsub, b, b, a)
		l.word(fmul, b, b, at)
		l.word(fadd, b, a, b)
	}
	l.label("loop")
	for i := range 4 {
		l.put("VLD1.P 16(R%d), [V%d.S4]", i+1, i)
	}
	between(a, b, t)
	between(c, d, t)
	between(b, d, u)
	l.put("VST1.P [V%d.S4], 16(R0)", d)
	l.loop("R6", "loop")
	l.put("RET")
}

func (l *listing) add() {
	l.function("add128", "adds x to sum.", "sum *float32", "x *float32", "vectors int")
	l.label("loop")
	l.put("VLD1 (R0), [V0.S4]")
	l.put("VLD1.P 16(R1), [V1.S4]")
	l.word(fadd, 0, 0, 1)
	l.put("VST1.P [V0.S4], 16(R0)")
	l.loop("R2", "loop")
	l.put("RET")
}

func (l *listing) addRows() {
	l.function("addRows128", "adds a vector of every row of x to sum; rows are step bytes apart.",
		"sum *float32", "x *float32", "rows int", "step int")
	l.put("VLD1 (R0), [V0.S4]")
	l.label("loop")
	l.put("VLD1.P (R1)(R3), [V1.S4]")
	l.word(fadd, 0, 0, 1)
	l.loop("R2", "loop")
	l.put("VST1 [V0.S4], (R0)")
	l.put("RET")
}

// pixels walks over the pixels of a row of outputs, and over the vectors of
// each. body moves all pointers on by a vector; in, which are the four inputs
// of a pool in the order in which ties go, skip every other pixel besides.
// Parameters 3, 4 and 5 are row, step and pixels, the first of in is one too.
func (l *listing) pixels(in [4]string, body func()) {
	const row, step, pixels, left = "R3", "R4", "R5", "R9"
	l.put("ADD %s, %s, %s", step, in[0], in[1])
	l.put("ADD %s, %s, %s", row, in[0], in[2])
	l.put("ADD %s, %s, %s", step, in[2], in[3])
	for i := range 4 { // V0 … V3 hold the words 0, 1, 2, 3
		l.put("MOVD $%d, %s", i, left)
		l.put("VDUP %s, V%d.S4", left, i)
	}
	l.label("pixel")
	l.put("MOVD %s, %s", step, left)
	l.label("vector")
	body()
	l.put("SUB $16, %s", left)
	l.put("CBNZ %s, vector", left)
	for _, p := range in {
		l.put("ADD %s, %s", step, p)
	}
	l.loop(pixels, "pixel")
	l.put("RET")
}

func (l *listing) maxPool() {
	l.function("maxPool128", "fills one row of outputs: the largest of four pixels and which it was. A pixel is step bytes, a row of x row bytes.",
		"y *float32", "from *int32", "x *float32", "row int", "step int", "pixels int")
	const best, which, value, larger, number = 4, 5, 6, 7, 16
	in := [4]string{"R2", "R6", "R7", "R8"}
	l.pixels(in, func() {
		l.put("VLD1.P 16(%s), [V%d.S4]", in[0], best)
		l.put("VORR V0.B16, V0.B16, V%d.B16", which)
		for i := 1; i < 4; i++ {
			l.put("VLD1.P 16(%s), [V%d.S4]", in[i], value)
			l.word(fcmgt, larger, value, best)
			l.word(fcmeq, number, value, value)
			l.word(orn, larger, larger, number) // or NaN
			l.put("VBIT V%d.B16, V%d.B16, V%d.B16", larger, value, best)
			l.put("VBIT V%d.B16, V%d.B16, V%d.B16", larger, i, which)
		}
		l.put("VST1.P [V%d.S4], 16(R0)", best)
		l.put("VST1.P [V%d.S4], 16(R1)", which)
	})
}

func (l *listing) maxPoolGrad() {
	l.function("maxPoolGrad128", "sets the four pixels under each output of one row: dy where it came from, else 0.",
		"dx *float32", "dy *float32", "from *int32", "row int", "step int", "pixels int")
	const grad, which, part = 4, 5, 6
	in := [4]string{"R0", "R6", "R7", "R8"}
	l.pixels(in, func() {
		l.put("VLD1.P 16(R1), [V%d.S4]", grad)
		l.put("VLD1.P 16(R2), [V%d.S4]", which)
		for i, p := range in {
			l.put("VCMEQ V%d.S4, V%d.S4, V%d.S4", i, which, part)
			l.put("VAND V%d.B16, V%d.B16, V%d.B16", grad, part, part)
			l.put("VST1.P [V%d.S4], 16(%s)", part, p)
		}
	})
}

func (l *listing) maxWindow() {
	l.function("maxWindow128", "sets y to the largest of a window of x, and from to where it is: places are those of the first vector in its first pixel.",
		"y *float32", "from *int32", "x *float32", "places *int32", "rows int", "cols int", "down int", "right int", "vectors int")
	const most, which, value, over, number, place, line, first, onVectors, onRows, onCols = 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18
	l.put("VLD1 (R3), [V%d.S4]", first)
	l.put("MOVD $4, R9")
	l.put("VDUP R9, V%d.S4", onVectors)
	l.put("VDUP R6, V%d.S4", onRows)
	l.put("VDUP R7, V%d.S4", onCols)
	l.put("LSL $2, R6")
	l.put("LSL $2, R7")
	same := func(from, to int) { l.put("VORR V%[1]d.B16, V%[1]d.B16, V%[2]d.B16", from, to) }
	l.label("loop")
	l.put("VLD1 (R2), [V%d.S4]", most)
	same(first, which)
	same(first, line)
	l.put("MOVD R2, R9")
	l.put("MOVD R4, R10")
	l.label("row")
	same(line, place)
	l.put("MOVD R9, R11")
	l.put("MOVD R5, R12")
	l.label("col")
	l.put("VLD1 (R11), [V%d.S4]", value)
	l.word(fcmgt, over, value, most)
	l.word(fcmeq, number, value, value)
	l.word(orn, over, over, number) // or NaN
	l.word(fcmeq, number, most, most)
	l.put("VAND V%d.B16, V%d.B16, V%d.B16", over, number, over) // but not over NaN
	l.put("VBIT V%d.B16, V%d.B16, V%d.B16", over, value, most)
	l.put("VBIT V%d.B16, V%d.B16, V%d.B16", over, place, which)
	l.put("VADD V%d.S4, V%d.S4, V%d.S4", onCols, place, place)
	l.put("ADD R7, R11")
	l.loop("R12", "col")
	l.put("VADD V%d.S4, V%d.S4, V%d.S4", onRows, line, line)
	l.put("ADD R6, R9")
	l.loop("R10", "row")
	l.put("VST1.P [V%d.S4], 16(R0)", most)
	l.put("VST1.P [V%d.S4], 16(R1)", which)
	l.put("VADD V%d.S4, V%d.S4, V%d.S4", onVectors, first, first)
	l.put("ADD $16, R2")
	l.loop("R8", "loop")
	l.put("RET")
}

func (l *listing) transpose() {
	l.function("transpose128", "turns squares that lie side by side in from, with rows step bytes apart; in to they lie one below the other, with rows stride bytes apart.",
		"to *float32", "from *float32", "stride int", "step int", "squares int")
	zip := func(half int, lanes string, a, b, to int) {
		l.put("VZIP%d V%d.%s, V%d.%s, V%d.%s", half, b, lanes, a, lanes, to, lanes)
	}
	l.label("loop")
	l.put("MOVD R1, R9")
	for i := range 4 {
		l.put("VLD1 (R9), [V%d.S4]", i)
		l.put("ADD R3, R9")
	}
	for pair := range 2 { // rows 0 and 1 to V4 and V5, rows 2 and 3 to V6 and V7
		for half := range 2 {
			zip(half+1, "S4", 2*pair, 2*pair+1, 4+2*pair+half)
		}
	}
	for column := range 4 {
		zip(column%2+1, "D2", 4+column/2, 6+column/2, 16+column)
		l.put("VST1 [V%d.S4], (R0)", 16+column)
		l.put("ADD R2, R0")
	}
	l.put("ADD $16, R1")
	l.loop("R4", "loop")
	l.put("RET")
}

// peak keeps as many sums in flight as the largest tile of a product.
func (l *listing) peak() {
	const sums = 4 * neonRows
	l.function("peak128", fmt.Sprintf("does rounds × %d fused multiply-adds on whole vectors, none waiting for another.", sums), "rounds int")
	for i := range sums + 1 {
		l.put("VEOR V%d.B16, V%d.B16, V%d.B16", i, i, i)
	}
	l.label("loop")
	for i := range sums {
		l.word(fmla, i, sums, sums)
	}
	l.loop("R0", "loop")
	l.put("RET")
}
