package main

import "fmt"

var fmlaLanes = encoding{0x4e20cc00, "FMLA V%[1]d.4S, V%[2]d.4S, V%[3]d.4S"} // lane by lane, rounded once

// depthWise writes one function per number of pixels in a strip, for whole vectors of
// channels and for two or one. They compute what those for amd64 do (see depthwise.go),
// from the same struct strip.
func (l *listing) depthWise() {
	pixels, columns := []int{8, 4, 2, 1}, []int{4, 2, 1}
	fmt.Fprintf(&l.stubs, "\n// depthWise128 computes a strip of 8, 4, 2 or 1 pixels, of vectors of 4, or of 2 or 1 channels.\nfunc depthWise128(pixels, columns int, t *byte) {\n\tswitch 8*pixels + columns {\n")
	for _, p := range pixels {
		for _, c := range columns {
			fmt.Fprintf(&l.stubs, "\tcase 8*%d + %d:\n\t\tdepthWise128x%dx%d(t)\n", p, c, p, c)
		}
	}
	l.stubs.WriteString("\t}\n}\n")
	for _, p := range pixels {
		for _, c := range columns {
			l.strip(p, c)
		}
	}
}

func (l *listing) strip(pixels, columns int) {
	l.function(fmt.Sprintf("depthWise128x%dx%d", pixels, columns), fmt.Sprintf("computes a strip of %d pixels, %d channels at a time.", pixels, columns), "t *byte")
	const (
		at, bits     = "R1", "R2"
		tap, outer   = "R3", "R4"
		o, k         = "R5", "R6"
		am, ao, ak   = "R7", "R8", "R9"
		step, end    = "R10", "R11"
		channel      = "R12" // in bytes
		weight, part = 24, 25
	)
	field := func(i int, register string) { l.put("MOVD %d(R0), %s", 8*i, register) }
	row := func(m int) string { return fmt.Sprintf("R%d", 19+m) } // where pixel m is read
	field(stripAM, am)
	field(stripAO, ao)
	field(stripAK, ak)
	field(stripStep, step)
	field(stripEnd, end)
	l.put("MOVD ZR, %s", channel)

	l.label("vector")
	field(stripStart, at)
	field(stripStartBits, bits)
	l.put("AND %s, %s", channel, bits)
	l.put("ADD %s, %s", bits, at)
	l.load(columns, at, 0)
	for m := 1; m < pixels; m++ {
		l.put("VORR V0.B16, V0.B16, V%d.B16", m)
	}
	field(stripW, tap)
	l.put("ADD %s, %s", channel, tap)
	field(stripX, outer)
	l.put("ADD %s, %s", channel, outer)
	field(stripO, o)
	l.label("outer")
	l.put("MOVD %s, %s", outer, row(0))
	for m := 1; m < pixels; m++ {
		l.put("ADD %s, %s, %s", am, row(m-1), row(m))
	}
	field(stripK, k)
	l.label("inner")
	l.load(columns, tap, weight)
	for m := range pixels {
		l.load(columns, row(m), part+m%4)
		l.word(fmlaLanes, m, weight, part+m%4)
		l.put("ADD %s, %s", ak, row(m))
	}
	l.put("ADD %s, %s", step, tap)
	l.loop(k, "inner")
	l.put("ADD %s, %s", ao, outer)
	l.loop(o, "outer")

	// As in a product.
	const floor, below = weight, part
	l.put("ADD $%d, R0, %s", 8*stripFloor, at)
	l.put("VLD1R (%s), [V%d.S4]", at, floor)
	field(stripY, at)
	l.put("ADD %s, %s", channel, at)
	for m := range pixels {
		l.word(fcmgt, below, floor, m)
		l.put("VBIT V%d.B16, V%d.B16, V%d.B16", below, floor, m)
		l.store(columns, m, at)
		l.put("ADD %s, %s", step, at)
	}
	l.put("ADD $%d, %s", 4*columns, channel)
	l.put("CMP %s, %s", end, channel)
	l.put("BLT vector")
	l.put("RET")
}
