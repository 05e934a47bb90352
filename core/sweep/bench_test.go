//go:build unix

package sweep

import (
	"runtime"
	"syscall"
	"testing"
	"time"

	"padlab/core/lab"
)

// How near a sweep of one-worker cells, as many at once as there are processors,
// comes to that many runs of which each has the machine to itself, one worker each:
// the metric %; and cpu% the same by the time that processors were busy, which
// other processes take less from. 100 steps of the network of where-am-i on 6×6
// cells, evaluated as ever; those of the sweep are kept on disk.
//
//	go test ./core/sweep -run '^$' -bench Packing -benchtime 3x
func BenchmarkPacking(b *testing.B) {
	jobs := runtime.GOMAXPROCS(0)
	p := planOf(b, quick(b, "net.arch=near", "net.padding=zeros", "canvas.grid=6", "train.steps=100", "train.batch=32", "train.eval_every=100", "eval.images=10", "seeds=4"), "train.lr=0.001,0.01")
	measure := func(work func()) (wall, cpu float64) {
		start, before := time.Now(), busy(b)
		work()
		return time.Since(start).Seconds(), busy(b) - before
	}
	const singles = 4
	var alone, packed, aloneBusy, packedBusy float64 // seconds of a processor for a cell
	for b.Loop() {                                   // in turn, because machines change their pace
		pool := poolOf(b, 1, onNoise)
		wall, cpu := measure(func() {
			for _, c := range p.Cells[:singles] {
				run, err := lab.Start(b.Context(), pool, p.Experiment(c), lab.Options{})
				if err != nil {
					b.Fatal(err)
				}
				<-run.Done()
			}
		})
		alone, aloneBusy = alone+wall/singles, aloneBusy+cpu/singles
		wall, cpu = measure(func() {
			if _, err := (sweeper{dir: b.TempDir(), plan: p, jobs: jobs}).run(b); err != nil {
				b.Fatal(err)
			}
		})
		packed, packedBusy = packed+wall*float64(jobs)/float64(len(p.Cells)), packedBusy+cpu/float64(len(p.Cells))
	}
	b.ReportMetric(100*alone/packed, "%")
	b.ReportMetric(100*aloneBusy/packedBusy, "cpu%")
	b.ReportMetric(packed/float64(b.N), "s/cell")
}

// busy is how long processors have worked for this process.
func busy(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}
