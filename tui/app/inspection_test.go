package app

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"padlab/core/inspect"
	"padlab/core/lab"
)

// found is an inspection with fixed numbers.
func found() (*inspect.Geometry, *inspect.Findings) {
	g := &inspect.Geometry{
		Arch: "small", Padding: "zeros", Extent: "same", H: 56, W: 56, C: 1, Stride: 4, ReceptiveField: 26, Even: []int{56},
		Rows: make(inspect.Foveation, 56), Columns: make(inspect.Foveation, 56), Taps: []string{"relu1", "relu2"},
		Layers: []inspect.Layer{
			{Name: "conv1", Kind: "conv", Kernel: 3, Stride: 1, H: 56, W: 56, C: 16, Jump: 1, ReceptiveField: 3, SeesPadding: 0.0702},
			{Name: "relu1", Kind: "ReLU", H: 56, W: 56, C: 16, Jump: 1, ReceptiveField: 3, SeesPadding: 0.0702, Plain: true},
			{Name: "pool1", Kind: "max-pool", Kernel: 2, Stride: 2, H: 28, W: 28, C: 16, Jump: 2, ReceptiveField: 4, AsymmetricRows: 1, AsymmetricColumns: 1, SeesPadding: 0.1378},
		},
	}
	for i := range 56 {
		g.Rows[i] = float64(1 + min(i, 55-i, 10))
		g.Columns[i] = g.Rows[i]
	}
	f := &inspect.Findings{
		Pictures: 64,
		Neurons:  []inspect.Filters{{Name: "conv1", Kernel: 3, Count: 16, At: [4]int{6, 4, 5, 9}, Any: 11}, {Name: "conv9", Kernel: 3, Count: 8, TooSmall: true}},
		Pattern:  inspect.Pattern{Photos: 20, Crop: 56, Around: 78, Taps: []inspect.TapPattern{{Tap: "relu1", H: 56, W: 56, C: 16, SNR: 0.087, Chance: 0.01, MAE: 0.006, Reached: 0.07}}, LeftOut: []string{"relu2"}},
	}
	for _, tap := range g.Taps {
		a := inspect.Artifact{Tap: tap, H: 8, W: 8, PhotosContrast: [4]float64{-0.24, -0.25, 0, 0.3}}
		for i := range 64 {
			a.Photos = append(a.Photos, float32(min(i/8, i%8, 7-i/8, 7-i%8)))
			a.Black = append(a.Black, 0.5)
		}
		f.Artifacts = append(f.Artifacts, a)
	}
	return g, f
}

func inspecting(t *testing.T, look func(context.Context, *lab.Run, int) (*inspect.Geometry, *inspect.Findings, error)) *driver {
	s := newScreen(t, 1_000_000, mono)
	s.settle(s.running)
	s.lab().host.Inspect = look
	s.show(shown(s.lab().experiment))
	s.send(tea.WindowSizeMsg{Width: 80, Height: 24})
	return s
}

func (s *driver) inspection() *inspection { return s.top().(*inspection) }

func TestInspection(t *testing.T) {
	arms := []int{}
	s := inspecting(t, func(_ context.Context, run *lab.Run, arm int) (*inspect.Geometry, *inspect.Findings, error) {
		arms = append(arms, arm)
		g, f := found()
		return g, f, nil
	})
	s.lab().run.Pause()
	s.press("down", "i")
	s.settle(func() bool { return s.inspection().findings != nil })
	for _, name := range pages {
		s.show(shown(s.lab().experiment))
		if s.inspection().page >= reports {
			golden(t, "inside-"+name+"-80x24", s.View())
		}
		s.press("tab")
	}
	for s.inspection().page != artifactsPage {
		s.press("tab")
	}
	s.press("down", "down", "down")
	if p := s.inspection(); p.page != artifactsPage || p.row != 1 || !strings.Contains(s.View(), "Tap relu2 (2 of 2)") {
		t.Errorf("page %d, tap %d", p.page, p.row)
	}
	s.press("esc")
	if len(s.stack) > 1 || len(arms) != 1 || arms[0] != 1 {
		t.Errorf("%d screens are left, looked into arms %v", len(s.stack), arms)
	}
}

func TestInspectionProblem(t *testing.T) {
	g, _ := found()
	s := inspecting(t, func(context.Context, *lab.Run, int) (*inspect.Geometry, *inspect.Findings, error) {
		return g, nil, errors.New("the weights are not finite")
	})
	s.press("i")
	s.settle(func() bool { return s.inspection().problem != "" })
	for s.inspection().page < reports {
		s.press("tab")
	}
	if !strings.Contains(s.View(), "conv1") {
		t.Errorf("what is known is not shown:\n%s", s.View())
	}
	s.press("down", "right", "right", "down")
	if !strings.Contains(s.View(), "the weights are not finite") {
		t.Errorf("the problem is not shown:\n%s", s.View())
	}
}

// Who leaves does not let the work go on.
func TestInspectionIsCancelled(t *testing.T) {
	for _, leave := range []func(*driver){func(s *driver) { s.press("esc") }, func(s *driver) { s.Close() }} {
		ended := make(chan error, 1)
		s := inspecting(t, func(ctx context.Context, _ *lab.Run, _ int) (*inspect.Geometry, *inspect.Findings, error) {
			select {
			case <-ctx.Done():
				ended <- ctx.Err()
			case <-time.After(time.Minute):
				ended <- nil
			}
			return nil, nil, ctx.Err()
		})
		s.press("i")
		for _, c := range s.pending[len(s.pending)-1]().(tea.BatchMsg) {
			go c()
		}
		leave(s)
		if err := <-ended; err == nil {
			t.Error("it went on")
		}
	}
}
