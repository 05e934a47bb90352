package sweep

import (
	"runtime"
	"testing"
	"time"

	"padlab/core/lab"
)

// How near a sweep of one-worker cells, as many at once as there are processors,
// comes to that many runs of which each has the machine to itself, one worker each:
// the metric %. 200 steps of the network of where-am-i on 6×6 cells, evaluated and
// kept on disk as ever.
//
//	go test ./core/sweep -run '^$' -bench Packing -benchtime 3x
func BenchmarkPacking(b *testing.B) {
	jobs := runtime.GOMAXPROCS(0)
	p := planOf(b, quick(b, "net.arch=near", "net.padding=zeros", "canvas.grid=6", "train.steps=200", "train.batch=32", "train.eval_every=100", "eval.images=10", "seeds=4"), "train.lr=0.001,0.003,0.01")
	var alone, packed time.Duration
	for b.Loop() {
		// In turn, because machines change their pace.
		pool := poolOf(b, 1, onNoise)
		for _, c := range p.Cells[:4] {
			start := time.Now()
			run, err := lab.Start(b.Context(), pool, p.Experiment(c), lab.Options{})
			if err != nil {
				b.Fatal(err)
			}
			<-run.Done()
			alone += time.Since(start) / 4
		}
		start := time.Now()
		if _, err := (sweeper{dir: b.TempDir(), plan: p, jobs: jobs}).run(b); err != nil {
			b.Fatal(err)
		}
		packed += time.Since(start) * time.Duration(jobs) / time.Duration(len(p.Cells))
	}
	b.ReportMetric(100*alone.Seconds()/packed.Seconds(), "%")
	b.ReportMetric(alone.Seconds()/float64(b.N), "s/alone")
	b.ReportMetric(packed.Seconds()/float64(b.N), "s/packed")
}
