package position

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"padlab/core/border"
)

// The values of paper.md §1.2: the Gaussian is 0 in a corner, .376 in the middle
// of an edge, 1 in the middle.
func TestMap(t *testing.T) {
	at := func(target Target, x, y int) float64 { return float64(target.Map(256, 256)[y*256+x]) }
	for _, c := range []struct {
		target Target
		x, y   int
		want   float64
	}{
		{H, 0, 7, 0}, {H, 255, 7, 1}, {H, 51, 0, .2}, {V, 7, 0, 0}, {V, 7, 255, 1},
		{G, 0, 0, 0}, {G, 0, 128, .376}, {G, 128, 128, 1},
		{HS, 9, 0, 1}, {HS, 9, 128, .5}, {VS, 0, 9, 1}, {VS, 128, 9, .5}, {HS, 9, 64, .5 + .5*math.Cos(2*math.Pi*2.5/4)},
	} {
		if got := at(c.target, c.x, c.y); math.Abs(got-c.want) > 1e-3 {
			t.Errorf("%s at %d,%d is %g, want %g", c.target, c.x, c.y, got, c.want)
		}
	}
}

// Maps keep their bits: results that were published depend on them. The hashes
// are those of the maps as core/probe drew them, before this package was.
func TestMapBits(t *testing.T) {
	for target, want := range map[Target]string{
		H: "ed4bba50ef2168b8", V: "2e6a335659067091", G: "f18d7b7258db921e", HS: "79ec70ee155c24b1", VS: "64de9bfd0265e115",
	} {
		h := sha256.New()
		for _, s := range [][2]int{{28, 28}, {7, 12}, {30, 30}, {2, 3}} {
			binary.Write(h, binary.LittleEndian, target.Map(s[0], s[1]))
		}
		if got := fmt.Sprintf("%x", h.Sum(nil)[:8]); got != want {
			t.Errorf("%s: %s, want %s", target, got, want)
		}
	}
}

func TestMapPanics(t *testing.T) {
	for _, c := range []struct {
		target Target
		h, w   int
		want   string
	}{{H, 1, 5, "position: a target of 1×5 pixels"}, {"D", 5, 5, "position: no target D"}} {
		func() {
			defer func() {
				if got := recover(); got != c.want {
					t.Errorf("%s of %d×%d panics with %v, want %s", c.target, c.h, c.w, got, c.want)
				}
			}()
			c.target.Map(c.h, c.w)
		}()
	}
}

func TestParseTarget(t *testing.T) {
	for _, target := range Targets() {
		if got, err := ParseTarget(string(target)); got != target || err != nil {
			t.Errorf("%s: %s, %v", target, got, err)
		}
	}
	if _, err := ParseTarget("HZ"); err == nil || !strings.Contains(err.Error(), `unknown target "HZ"`) {
		t.Errorf("HZ: %v", err)
	}
}

// A target varies along the axis whose sides its distances count from.
func TestSides(t *testing.T) {
	const n = 9
	for _, target := range Targets() {
		m := target.Map(n, n)
		along := func(step int) bool {
			for i := 1; i < n; i++ {
				if m[i*step] != m[0] {
					return true
				}
			}
			return false
		}
		want := map[[2]bool]border.Sides{{true, false}: border.LeftAndRight, {false, true}: border.TopAndBottom, {true, true}: border.AllSides}
		if got := target.Sides(); got != want[[2]bool{along(1), along(n)}] {
			t.Errorf("%s: sides %d", target, got)
		}
	}
}

// Whatever can be asked for has words of its own.
func TestWords(t *testing.T) {
	seen := map[string]bool{}
	for _, target := range Targets() {
		seen[target.Words()] = true
	}
	for _, kind := range Kinds() {
		seen[KindWords(kind)] = true
	}
	if len(seen) != len(Targets())+len(Kinds()) || seen[""] {
		t.Errorf("%v", seen)
	}
}
