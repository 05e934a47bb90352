// Package kernel holds the arithmetic that takes the time: the one matrix
// product behind every convolution and linear layer, the exponential and the
// logarithm that all machines compute alike, and the crew of workers that the
// samples of a batch are dealt to.
//
// It exists apart from nn so that layers state what is computed and a kernel
// how. Kernels are chosen by name with [Select]; this release has the portable
// one, over gonum's blas.
package kernel

import (
	"fmt"

	"padlab/core/names"
)

// A Product is the shape of one batch-reduce matrix product over R blocks of
// rows:
//
//	C[r·CR + m·CM + n] += Σ_o Σ_k A[r·AR + o·AO + m·AM + k·AK] · B[o·BO + k·BK + n]
//
// for r < R, m < M and n < N, where o runs over O outer steps and k over K
// inner ones. Exactly one of AM and AK is 1 or both are. Rows of A may overlap
// (AM < K with AK = 1, or AK < M with AM = 1): that is how a convolution reads
// a padded picture without copying its windows.
//
// Every element of C accumulates over o, then k, in rising order, starting
// from its value before. The order does not depend on r, m or n, so a shifted
// picture gives shifted bits.
type Product struct {
	R, M, N, O, K  int
	AR, AO, AM, AK int
	BO, BK         int
	CR, CM         int
}

// A Kernel is one way to compute. Its functions may be called from any number
// of goroutines.
type Kernel struct {
	Name string
	Slow string // why training is slow with it, for a person; empty for a fast kernel

	// Product computes c += a·b as p says. It panics when an operand is too
	// short for p.
	Product func(p Product, c, a, b []float32)
}

var kernels = []*Kernel{gonum}

// Names returns the names of the kernels that this release has.
func Names() []string {
	list := make([]string, len(kernels))
	for i, k := range kernels {
		list[i] = k.Name
	}
	return list
}

// Select returns the kernel of that name, or for "" the fastest that this CPU
// runs. Other names are errors.
func Select(name string) (*Kernel, error) {
	if name == "" {
		return kernels[0], nil
	}
	for _, k := range kernels {
		if k.Name == name {
			return k, nil
		}
	}
	return nil, names.Unknown("kernel", name, Names())
}

// check panics unless c, a and b hold everything that p reaches.
func (p Product) check(c, a, b []float32) {
	if p.AM != 1 && p.AK != 1 {
		panic(fmt.Sprintf("kernel: neither rows nor columns of A are contiguous: AM %d, AK %d", p.AM, p.AK))
	}
	needC := (p.R-1)*p.CR + (p.M-1)*p.CM + p.N
	needA := (p.R-1)*p.AR + (p.O-1)*p.AO + (p.M-1)*p.AM + (p.K-1)*p.AK + 1
	needB := (p.O-1)*p.BO + (p.K-1)*p.BK + p.N
	if len(c) < needC || len(a) < needA || len(b) < needB {
		panic(fmt.Sprintf("kernel: lengths %d, %d, %d for a product that reaches %d, %d, %d", len(c), len(a), len(b), needC, needA, needB))
	}
}

func (p Product) empty() bool { return p.R < 1 || p.M < 1 || p.N < 1 || p.O < 1 || p.K < 1 }
