// Command gen writes the amd64 kernels of package kernel into the folder
// above it:
//
//	go generate ./core/nn/kernel
//
// It is a module of its own, so that padlab does not depend on the assembler
// generator. product.go holds the matrix product, passes.go the element-wise
// passes, dispatch.go how the tiles of a product
// are called.
package main

import (
	"fmt"
	"os"

	. "github.com/mmcloughlin/avo/build"
)

func main() {
	if err := dispatch("../dispatch_amd64.go"); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
	ConstraintExpr("amd64")
	for _, v := range []isa{avx512, avx2} {
		products(v)
		passes(v)
	}
	Generate()
}
