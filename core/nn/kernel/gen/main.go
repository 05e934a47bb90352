// Command gen writes the kernels of package kernel for amd64 and arm64 into
// the folder above it:
//
//	go generate ./core/nn/kernel
//
// It is a module of its own, so that padlab does not depend on the assembler
// generator. For amd64, product.go holds the matrix product, passes.go the
// element-wise passes, training.go those of training, dispatch.go how the tiles
// of a product are called; for arm64, neon.go holds what writes assembly,
// neon_product.go the product, neon_passes.go and neon_training.go the passes.
package main

import (
	"errors"
	"fmt"
	"os"

	. "github.com/mmcloughlin/avo/build"
)

func main() {
	if err := errors.Join(dispatch("../dispatch_amd64.go"), neon("../kernels_arm64.s", "../kernels_arm64.go")); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
	ConstraintExpr("amd64")
	for _, v := range []isa{avx512, avx2} {
		products(v)
		passes(v)
		depthWise(v)
	}
	Generate()
}
