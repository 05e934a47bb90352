package probe

import (
	"testing"

	"padlab/core/exact"
	"padlab/core/nn"
	"padlab/core/pad"
)

// What read-outs are given of a picture are its taps, resized and standardised, whether
// they were kept large or small, or computed again.
func TestFeaturesAreResizedTaps(t *testing.T) {
	a, err := NewAlbum(photos(t), AlbumSpec{Side: 64, Channels: 1, Train: 6, Test: 2, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	net, c := random(t, "zeros", 64), crew(t, 2)
	tape := net.NewTape()
	for _, bytes := range []int{MaxBytes, 0} {
		f := read(t, net, a, 2, bytes)
		for f.Prepare(c) {
		}
		larger, smaller := 0, 0
		for _, tap := range f.taps {
			if tap.small {
				smaller++
			} else {
				larger++
			}
		}
		if larger == 0 || smaller == 0 {
			t.Fatalf("%d taps are larger than %d×%d, %d smaller", larger, Side, Side, smaller)
		}
		for _, names := range [][]string{f.Taps(), f.Taps()[:1], f.Taps()[1:]} {
			spans, channels, err := f.spans(names)
			if err != nil {
				t.Fatal(err)
			}
			for _, picture := range []int{0, 5, 7} {
				a.Draw(tape.Input(), picture)
				tape.Forward()
				var want [][]float32 // of each tap, then the channels before it
				var shapes []nn.Shape
				var before []int
				for _, tap := range f.taps {
					for _, s := range spans {
						if s.from == tap.before {
							y := make([]float32, Side*Side*tap.shape.C)
							pad.NewBilinear(tap.shape.H, tap.shape.W, tap.shape.C, Side, Side, true).Forward(exact.Blend, y, tape.Activation(tap.from))
							want, shapes, before = append(want, y), append(shapes, tap.shape), append(before, tap.before)
						}
					}
				}
				f.Load(c, []int{picture})
				for _, standardise := range []bool{false, true} {
					got := make([]float32, Side*Side*channels)
					f.write(got, picture, spans, standardise)
					at := 0
					for p := range Side * Side {
						for i, y := range want {
							for k := range shapes[i].C {
								v := y[p*shapes[i].C+k]
								if standardise {
									v = (v - f.mean[before[i]+k]) * f.scale[before[i]+k]
								}
								if got[at] != v {
									t.Fatalf("taps %v, picture %d, standardised %v: value %d is %g, want %g", names, picture, standardise, at, got[at], v)
								}
								at++
							}
						}
					}
				}
			}
		}
	}
}
