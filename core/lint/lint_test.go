package lint

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"padlab/core/arch"
	"padlab/core/arch/catalog"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/pad"
)

func spec(name, scheme string, side int) arch.Spec {
	return arch.Spec{Arch: arch.Must(name), In: nn.Shape{H: side, W: side, C: 3}, Classes: 10, Padding: pad.Must(scheme), Extent: pad.Same, Bias: true, Pools: catalog.OwnPools}
}

func judged(t *testing.T, s arch.Spec, p Policy) *Report {
	t.Helper()
	k, err := kernel.Select("")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Check(false); err != nil {
		t.Fatal(err)
	}
	crew := kernel.NewCrew(2)
	defer crew.Close()
	r, err := Lint(context.Background(), Subject{Spec: s, Kernel: k, Crew: crew}, p)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *Report) of(t *testing.T, id string) Finding {
	t.Helper()
	i := slices.IndexFunc(r.Findings, func(f Finding) bool { return f.Rule.ID == id })
	if i < 0 {
		t.Fatalf("nothing of rule %s", id)
	}
	return r.Findings[i]
}

// What is known of ResNet-18: at 224 all eight strides are uneven, at 225 none is; with
// circular padding in convolutions its max-pool has a border of its own.
func TestResNet(t *testing.T) {
	off := Policy{Off: []string{ToldApart}}
	r := judged(t, spec("resnet18", "zeros", 224), off)
	f := r.of(t, Strides)
	if f.Value != 8 || len(f.Places) != 8 || !f.Broken() || len(f.Mends) != 2 || f.Mends[0] != (Mend{"225×225 instead of 224×224", 0, true}) || !slices.Equal(r.Broken(), []string{Strides}) {
		t.Errorf("%+v", f)
	}
	if f := r.of(t, Borders); f.Value != 18 || f.Broken() || *f.Places[0].Sides != [4]int{2, 1, 2, 1} {
		t.Errorf("%+v", f)
	}
	if r := judged(t, spec("resnet18", "zeros", 225), off); len(r.Broken()) > 0 || r.of(t, Strides).Value != 0 {
		t.Errorf("%+v", r)
	}
	r = judged(t, spec("resnet18", "circular", 224), off)
	if f := r.of(t, Seams); f.Value != 1 || f.Places[0].Name != "maxpool" || len(f.Mends) != 1 || !f.Mends[0].Mends || !f.Broken() {
		t.Errorf("%+v", f)
	}
}

// Whatever is said to mend something does so: the network that is changed in that way is
// judged, and comes to the number that was said.
func TestMendsAreTrue(t *testing.T) {
	tried := 0
	for _, s := range []arch.Spec{
		spec("small_bn", "zeros", 30), spec("small_bn", "circular", 30), spec("rook", "zeros", 17),
		spec("resnet18", "zeros", 64), spec("squeezenet1_1", "zeros", 62),
	} {
		for _, f := range judged(t, s, Policy{}).Findings {
			alone := Policy{}
			for _, r := range Rules() {
				if r.ID != f.Rule.ID {
					alone.Off = append(alone.Off, r.ID)
				}
			}
			for _, m := range f.Mends {
				tried++
				if got := judged(t, changed(t, s, m.Change), alone).of(t, f.Rule.ID); got.Value != m.Value || !(m.Value < f.Value) || m.Mends && got.Broken() {
					t.Errorf("%s, %s, %v, %s: %s was said to leave %g of %g, but leaves %g", s.Arch.Name, s.Padding.Name, s.In, f.Rule.ID, m.Change, m.Value, f.Value, got.Value)
				}
			}
		}
	}
	if tried < 20 {
		t.Errorf("%d changes were tried", tried)
	}
}

// changed makes of a network what the words of a change say.
func changed(t *testing.T, s arch.Spec, change string) arch.Spec {
	t.Helper()
	for _, part := range strings.Split(change, ", and ") {
		scheme, all := strings.CutSuffix(part, " in every layer that pads")
		side, _, sized := strings.Cut(part, "×")
		n, err := strconv.Atoi(side)
		switch {
		case all:
			s.Padding, s.Pools = pad.Must(scheme), catalog.SchemePools
		case part == "no padding":
			s.Padding, s.Extent, s.Pools = pad.Must("none"), pad.Valid, catalog.SchemePools
		case sized && err == nil:
			s.In.H, s.In.W = n, n
		default:
			t.Fatalf("a change without a meaning: %s", change)
		}
	}
	return s
}

// Circular padding in a network whose strides fit is blind; zeros are not, and could be;
// where the size does not fit another is found.
func TestBlind(t *testing.T) {
	blind := Policy{Most: map[string]float64{ToldApart: 0}}
	for _, c := range []struct {
		name, scheme string
		side         int
		pools        catalog.Pools
		value        float64
		change       string
	}{
		{"small_bn", "circular", 32, catalog.OwnPools, 0, ""},
		{"small_bn", "zeros", 32, catalog.OwnPools, 1, "circular in every layer that pads"},
		{"small_bn", "circular", 30, catalog.OwnPools, 1, "28×28 instead of 30×30"},
		{"small_bn", "zeros", 30, catalog.OwnPools, 1, "circular in every layer that pads, and 28×28 instead of 30×30"},
		{"resnet18", "circular", 64, catalog.OwnPools, 1, "circular in every layer that pads"},
		{"resnet18", "circular", 64, catalog.SchemePools, 0, ""},
		{"resnet18", "circular", 32, catalog.SchemePools, math.NaN(), ""},
	} {
		s := spec(c.name, c.scheme, c.side)
		s.Pools = c.pools
		f := judged(t, s, blind).of(t, ToldApart)
		change := ""
		if len(f.Mends) > 0 {
			change = f.Mends[0].Change
		}
		if f.Value != c.value && !(f.Value != f.Value && c.value != c.value) || change != c.change || f.Broken() != (c.value != 0) {
			t.Errorf("%+v: %+v", c, f)
		}
	}
}

func TestPolicy(t *testing.T) {
	for _, c := range []struct {
		policy   Policy
		pictures bool
		want     string
	}{
		{Policy{Off: []string{"bordr"}}, false, `unknown rule "bordr": did you mean "border"?`},
		{Policy{Most: map[string]float64{"positon": 1}}, false, `unknown rule "positon": did you mean "position"?`},
		{Policy{Most: map[string]float64{Seen: -1}}, false, "the limit of rule seen must be a number from 0 on: -1"},
		{Policy{Most: map[string]float64{Seen: math.NaN()}}, false, "the limit of rule seen must be"},
		{Policy{Most: map[string]float64{Position: .3}}, false, "pictures have to be shown"},
		{Policy{Most: map[string]float64{Position: .3}}, true, ""},
		{Policy{Off: []string{Seen}, Most: map[string]float64{Seen: .3}}, true, "rule seen is off, but there is a limit for it, too"},
	} {
		err := c.policy.Check(c.pictures)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %s", c.policy, err, c.want)
		}
	}
	all := Policy{}
	for _, r := range Rules() {
		all.Off = append(all.Off, r.ID)
	}
	if r := judged(t, spec("resnet18", "zeros", 224), all); len(r.Findings) > 0 || len(r.Broken()) > 0 || !slices.Equal(r.Off, all.Off) {
		t.Errorf("%+v", r)
	}
}

// What comes round left and right alone has a seam where a map is enlarged, and none
// where that comes round, too; the border above and below is no seam.
func TestSeamAlongOneAxis(t *testing.T) {
	for _, c := range []struct {
		padding string
		head    catalog.Head
		seams   float64
		mend    string
	}{
		{"circular/zeros", catalog.Stretched, 1, "circular/replicate in enlarge"},
		{"zeros/circular", catalog.Stretched, 1, "replicate/circular in enlarge"},
		{"circular", catalog.Stretched, 1, "circular in enlarge"},
		{"circular/zeros", catalog.Continued, 0, ""},
		{"circular", catalog.Continued, 0, ""},
		{"zeros", catalog.Stretched, 0, ""},
	} {
		s := spec("near", c.padding, 32)
		s.Head = c.head
		f := judged(t, s, Policy{}).of(t, Seams)
		if f.Value != c.seams || c.mend != "" && (len(f.Mends) == 0 || f.Mends[0].Change != c.mend || f.Mends[0].Value != 0 || !f.Mends[0].Mends) {
			t.Errorf("%+v: %+v", c, f)
		}
	}
}
