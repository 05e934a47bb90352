//go:build amd64 || arm64

package kernel

import (
	"math"
	"unsafe"
)

// A tile is the argument of the assembly products: rows × columns elements of
// C, the rows in up to three groups. Within a group rows lie am, cm and startM
// apart; where each group begins is free, so that a tile may cross the rows and
// the samples of small pictures. Steps are in bytes, those of q beyond what the
// steps of o have moved on. The generators know the order of the fields; the
// assembly counts q down.
type tile struct {
	a, c, start [3]*float32
	b           *float32
	q, o, k     int
	aq          uintptr
	ao, am, ak  uintptr
	bq, bo, bk  uintptr
	cm, startM  uintptr
	floor       uint64  // the bits of a float32, below which no element of C falls
	mask        uintptr // AVX-512: the lanes of the last vector; AVX2: the address of eight words; NEON: unused
	next        uintptr // from what a tile takes of B to what the next panel will, which it fetches; NEON: unused
}

const floatBytes = unsafe.Sizeof(float32(0))

// newTile returns a tile with the steps of p.
func newTile(p Product) tile {
	return tile{
		o: p.O, k: p.K,
		aq: uintptr(p.AQ-p.O*p.AO) * floatBytes, ao: uintptr(p.AO) * floatBytes, am: uintptr(p.AM) * floatBytes, ak: uintptr(p.AK) * floatBytes,
		bq: uintptr(p.BQ-p.O*p.BO) * floatBytes, bo: uintptr(p.BO) * floatBytes, bk: uintptr(p.BK) * floatBytes,
		cm: uintptr(p.CM) * floatBytes,
	}
}

// A tiling is how a kernel cuts C: the lanes of a vector, the rows of the
// largest tile, how many of them make a group, and how many steps a pass takes
// where C is one row and B long. Its methods columns and run say how many columns
// the next panel takes where left are left, and compute a tile. They are not
// fields, because the argument of an indirect call would have to live on the heap.
type tiling struct{ lanes, rows, group, rowSteps int }

// nothing is what a product without bias starts from.
var nothing [128]float32

const (
	// blockRows is how many rows of C are computed before the next begin, so that what
	// they take of A stays near while they go through the panels of B.
	blockRows = 192

	// steps is how many steps of the reduction a pass over a block takes at most, so
	// that a panel of B stays near, too: 1,024 of 32 columns are 128 kB.
	steps = 1024

	// long is how many floats of B, read once for a row of C, come from memory. There it
	// pays to read them in the order in which they lie: a pass takes few steps. (With more
	// than one q or o they may be read again.)
	long = 1 << 18
)

// product is Kernel.Product: block after block.
func (x *tiling) product(p Product, c, a, b, bias []float32) {
	if p.empty() {
		return
	}
	p.check(c, a, b, bias)
	if p.N == 1 && p.AM == 1 && p.CM == 1 && p.M > 1 && bias == nil {
		x.turned(p, c, a, b)
		return
	}
	p = p.joined()
	one := p
	one.S, one.R, one.M = p.perBlock(x.rows)
	for s := 0; s < p.S; s += one.S {
		for r := 0; r < p.R; r += one.R {
			for m := 0; m < p.M; m += one.M {
				q := p
				q.S, q.R, q.M = min(one.S, p.S-s), min(one.R, p.R-r), min(one.M, p.M-m)
				x.block(q, c[s*p.CS+r*p.CR+m*p.CM:], a[s*p.AS+r*p.AR+m*p.AM:], b, bias)
			}
		}
	}
}

// block computes a block of C. A pass over some steps goes panel after panel of its
// columns, and in each tile after tile.
func (x *tiling) block(p Product, c, a, b, bias []float32) {
	t := newTile(p)
	nq, no, nk := x.perPass(p)
	for q := 0; q < p.Q; q += nq {
		for o := 0; o < p.O; o += no {
			for k := 0; k < p.K; k += nk {
				t.o, t.k = min(no, p.O-o), min(nk, p.K-k)
				t.floor = uint64(math.Float32bits(float32(math.Inf(-1))))
				if p.ReLU && q+nq >= p.Q && o+no >= p.O && k+nk >= p.K {
					t.floor = 0
				}
				then := 0
				switch {
				case k+nk < p.K:
					then = nk * p.BK
				case o+no < p.O:
					then = no*p.BO - k*p.BK
				case q+nq < p.Q:
					then = nq*p.BQ - o*p.BO - k*p.BK
				}
				x.pass(p, &t, then, min(nq, p.Q-q), p.Fresh && q+o+k == 0, c, a[q*p.AQ+o*p.AO+k*p.AK:], b[q*p.BQ+o*p.BO+k*p.BK:], bias)
			}
		}
	}
}

// turned computes a product of one column, row after row of C, as products with one row
// whose columns are what the rows were: b·a in place of a·b, many lanes in place of one.
func (x *tiling) turned(p Product, c, a, b []float32) {
	q := Product{S: 1, R: 1, M: 1, N: p.M, Q: p.Q, O: p.O, K: p.K, AM: 1, AQ: p.BQ, AO: p.BO, AK: p.BK, BQ: p.AQ, BO: p.AO, BK: p.AK, Fresh: p.Fresh, ReLU: p.ReLU}
	for s := range p.S {
		for r := range p.R {
			x.product(q, c[s*p.CS+r*p.CR:], b, a[s*p.AS+r*p.AR:], nil)
		}
	}
}

// joined is p with rows in place of shorter ones that go on where those before end, and
// likewise of samples: what is long is cut into tiles of nearly equal height.
func (p Product) joined() Product {
	if p.AR == p.M*p.AM && p.CR == p.M*p.CM {
		p.R, p.M = 1, p.R*p.M
	}
	if p.R == 1 && p.AS == p.M*p.AM && p.CS == p.M*p.CM {
		p.S, p.M = 1, p.S*p.M
	}
	return p
}

// perBlock is how many samples, rows and elements of them make a block, so that blocks are
// nearly equal: more than one of what is further out only where all further in are taken.
// Elements are cut where tiles of that many rows end.
func (p Product) perBlock(tile int) (s, r, m int) {
	even := func(n, rows int) int {
		pieces := (n*rows + blockRows - 1) / blockRows
		return max(1, (n+pieces-1)/pieces)
	}
	if p.M > blockRows {
		m = even(p.M, 1)
		return 1, 1, (m + tile - 1) / tile * tile
	}
	if p.R*p.M > blockRows {
		return 1, even(p.R, p.M), p.M
	}
	return even(p.S, p.R*p.M), p.R, p.M
}

// perPass is how many q, o and k a pass takes, counted as in perBlock.
func (x *tiling) perPass(p Product) (q, o, k int) {
	most := steps
	if p.S*p.R*p.M*p.Q*p.O == 1 && p.K*p.N > long {
		most = x.rowSteps
	}
	if p.K > most {
		pieces := (p.K + most - 1) / most
		return 1, 1, (p.K + pieces - 1) / pieces
	}
	if p.O*p.K > most {
		return 1, most / p.K, p.K
	}
	return most / (p.O * p.K), p.O, p.K
}

// pass adds q samples to C. What the pass after it takes begins then floats behind b.
func (x *tiling) pass(p Product, t *tile, then, q int, fresh bool, c, a, b, bias []float32) {
	for n, width := 0, 0; n < p.N; n += width {
		width = x.columns(p.S*p.R*p.M == 1, p.N-n)
		t.b = &b[n]
		if t.next = uintptr(width) * floatBytes; n+width >= p.N {
			t.next = uintptr(then-n) * floatBytes
		}
		t.startM = t.cm
		var start *float32 // of all rows, or nil: they start from C
		if fresh {
			t.startM = 0
			if start = &nothing[0]; bias != nil {
				start = &bias[n]
			}
		}
		if p.M%x.group == 0 && p.M < 2*x.rows {
			x.across(p, t, q, n, width, c, a, start)
			continue
		}
		tiles := (p.M + x.rows - 1) / x.rows // as even in height as they can be
		for s := range p.S {
			for r := range p.R {
				for i := range tiles {
					m, end := i*p.M/tiles, (i+1)*p.M/tiles
					for g := m; g < end; g += x.group {
						t.begin((g-m)/x.group, &a[s*p.AS+r*p.AR+g*p.AM], &c[s*p.CS+r*p.CR+g*p.CM+n], start)
					}
					t.q = q
					x.run(t, end-m, width)
				}
			}
		}
	}
}

// across fills a panel by tiles of whole groups, which cross the rows and the
// samples.
func (x *tiling) across(p Product, t *tile, q, n, width int, c, a []float32, start *float32) {
	groups := 0
	for s := range p.S {
		for r := range p.R {
			for m := 0; m < p.M; m += x.group {
				t.begin(groups, &a[s*p.AS+r*p.AR+m*p.AM], &c[s*p.CS+r*p.CR+m*p.CM+n], start)
				if groups++; groups*x.group == x.rows {
					t.q, groups = q, 0
					x.run(t, x.rows, width)
				}
			}
		}
	}
	if groups > 0 {
		t.q = q
		x.run(t, groups*x.group, width)
	}
}

// begin says where group g begins; a nil start stands for C itself.
func (t *tile) begin(g int, a, c, start *float32) {
	if start == nil {
		start = c
	}
	t.a[g], t.c[g], t.start[g] = a, c, start
}
