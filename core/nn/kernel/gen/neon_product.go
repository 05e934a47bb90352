package main

import "fmt"

// The largest tile is 6 rows × 16 columns: 24 sums (V0 … V23), four vectors of
// B (V24 … V27), which leaves four registers for values of A.
const (
	neonRows = 6
	neonB    = 24
	neonA    = 28
)

// widths are the columns that a tile may have. Up to four vectors, then the
// half and the quarter of one for the last columns of C: loads and stores of
// two floats or one touch no more, and leave the other lanes 0.
var widths = []int{16, 12, 8, 4, 2, 1}

// products writes one function per size of a tile, and the one that calls them
// (a direct call, because the argument of an indirect one would have to live
// on the heap). They compute what those for amd64 do (see product.go), from the
// same struct tile, whose groups have two rows here.
func (l *listing) products() {
	fmt.Fprintf(&l.stubs, "\n// product128 computes a tile of 1 … %d rows and 16, 12, 8, 4, 2 or 1 columns.\nfunc product128(rows, columns int, t *byte) {\n\tswitch 32*rows + columns {\n", neonRows)
	for rows := 1; rows <= neonRows; rows++ {
		for _, columns := range widths {
			fmt.Fprintf(&l.stubs, "\tcase 32*%d + %d:\n\t\tproduct128x%dx%d(t)\n", rows, columns, rows, columns)
		}
	}
	l.stubs.WriteString("\t}\n}\n")
	for rows := 1; rows <= neonRows; rows++ {
		for _, columns := range widths {
			l.product(rows, columns)
		}
	}
}

// load and store move columns floats between address and the vector registers
// from first on.
func (l *listing) load(columns int, address string, first int) {
	switch columns {
	case 1:
		l.put("FMOVS (%s), F%d", address, first)
	case 2:
		l.put("FMOVD (%s), F%d", address, first)
	default:
		l.put("VLD1 (%s), %s", address, vectors(first, columns/4))
	}
}

func (l *listing) store(columns int, first int, address string) {
	switch columns {
	case 1:
		l.put("FMOVS F%d, (%s)", first, address)
	case 2:
		l.put("FMOVD F%d, (%s)", first, address)
	default:
		l.put("VST1 %s, (%s)", vectors(first, columns/4), address)
	}
}

// product writes one of them. In the inner loop a value of A is loaded into
// the first lane of a register, by an address of two registers: where its row
// begins and how far k has come, so that one addition moves all rows on. The
// multiply-add takes that lane for all four columns. (A broadcasting load,
// LD1R, has no such address and costs a vector operation besides.)
func (l *listing) product(rows, columns int) {
	l.function(fmt.Sprintf("product128x%dx%d", rows, columns), fmt.Sprintf("computes a tile of %d rows and %d columns.", rows, columns), "t *byte")
	const (
		c, cm  = "R1", "R2" // also where the sums start, and its step
		outerB = "R3"
		o      = "R4"
		b, bk  = "R5", "R6"
		bo, ao = "R7", "R8"
		a, ak  = "R9", "R10"
		k, all = "R11", "R12"
		am     = "R13"
		moved  = "R14" // how far q and o have moved on in A
		q      = "R15"
		aq, bq = "R16", "R17"
		group  = 2
	)
	field := func(at int, register string) { l.put("MOVD %d(R0), %s", 8*at, register) }
	row := func(m int) string { return fmt.Sprintf("R%d", 19+m) } // where row m of A begins
	perRow := (columns + 3) / 4                                   // vectors

	// eachRow walks over the rows of C or of where it starts from.
	eachRow := func(start, step int, f func(first int)) {
		field(step, cm)
		for m := range rows {
			if m%group == 0 {
				field(start+m/group, c)
			} else {
				l.put("ADD %s, %s", cm, c)
			}
			f(m * perRow)
		}
	}
	eachRow(fieldStart, fieldStartM, func(first int) { l.load(columns, c, first) })

	field(fieldB, outerB)
	field(fieldQ, q)
	field(fieldK, all)
	field(fieldAQ, aq)
	field(fieldAO, ao)
	field(fieldAM, am)
	field(fieldAK, ak)
	field(fieldBQ, bq)
	field(fieldBO, bo)
	field(fieldBK, bk)
	l.put("MOVD ZR, %s", moved)
	l.label("sample")
	field(fieldO, o)
	l.label("outer")
	for m := range rows {
		if m%group == 0 {
			field(fieldA+m/group, row(m))
			l.put("ADD %s, %s", moved, row(m))
		} else {
			l.put("ADD %s, %s, %s", am, row(m-1), row(m))
		}
	}
	l.put("MOVD %s, %s", outerB, b)
	l.put("MOVD ZR, %s", a)
	l.put("MOVD %s, %s", all, k)

	l.label("inner")
	l.load(columns, b, neonB)
	for m := range rows {
		value := neonA + m%4
		l.put("FMOVS (%s)(%s), F%d", row(m), a, value)
		for i := range perRow {
			l.word(fmla, m*perRow+i, neonB+i, value)
		}
	}
	l.put("ADD %s, %s", ak, a)
	l.put("ADD %s, %s", bk, b)
	l.loop(k, "inner")

	l.put("ADD %s, %s", ao, moved)
	l.put("ADD %s, %s", bo, outerB)
	l.loop(o, "outer")
	l.put("ADD %s, %s", aq, moved)
	l.put("ADD %s, %s", bq, outerB)
	l.loop(q, "sample")

	// The floor where it is above the sum; FMAX would make +0 of −0. The
	// registers of B and A are free now.
	const floor, below = neonB, neonA
	l.put("ADD $%d, R0, %s", 8*fieldFloor, a)
	l.put("VLD1R (%s), [V%d.S4]", a, floor)
	eachRow(fieldC, fieldCM, func(first int) {
		for i := range perRow {
			l.word(fcmgt, below, floor, first+i)
			l.put("VBIT V%d.B16, V%d.B16, V%d.B16", below, floor, first+i)
		}
		l.store(columns, first, c)
	})
	l.put("RET")
}
