package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"padlab/core/experiment"
	"padlab/core/lab"
	"padlab/core/names"
	"padlab/core/nn/kernel"
	"padlab/presets"
)

// load reads an experiment: a preset, a file, or the standard input for "-".
func (s *session) load(name string) (*experiment.Experiment, error) {
	if data, ok := presets.Read(name); ok {
		return experiment.Parse("preset "+name, data)
	}
	if s.guest != nil && name != "-" {
		return nil, names.Unknown("preset", name, presets.Names())
	}
	if experiment.IsGraph(name) {
		return s.ofGraph(name)
	}
	if name == "-" {
		defer s.doing("reading an experiment from the standard input").done()
		return await(s.ctx, func() (*experiment.Experiment, error) { return parse("standard input", s.in) })
	}
	file, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(name, `./\`) {
		return nil, names.Unknown("preset", name, presets.Names())
	}
	if err != nil {
		return nil, onFile(name, err)
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s: a folder, not an experiment file", name)
	}
	return parse(name, file)
}

// graphPreset is what is asked of a graph that is given in place of an experiment:
// what can be read out of it about position.
const graphPreset = "table1"

// ofGraph is that experiment of an ONNX file.
func (s *session) ofGraph(path string) (*experiment.Experiment, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, onFile(path, err)
	}
	e, err := s.load(graphPreset)
	if err != nil {
		return nil, err
	}
	e.Title = "How much position is in " + filepath.Base(path) + "?"
	e.About = "A read-out is trained to draw a map that has nothing to do with the picture, from left to right (H), top to bottom (V), outside to middle (G), or in stripes (HS, VS): from the raw picture, and from the features of this network, frozen with the padding that it came with. It is tested on photographs that it has never seen, and on pictures that show nothing."
	e.Flags = "--set eval.padding=zeros,reflect,circular"
	e.Paper, e.Differs, e.Expect, e.References = "", "", nil, nil
	return e, e.Fix("net.arch", path)
}

// await waits for what may be blocked, as a read from a terminal is, unless the context
// is done.
func await[T any](ctx context.Context, read func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		var a answer
		defer func() {
			if v := recover(); v != nil { // here it would end all sessions of a server
				a.err = failure{fmt.Errorf("a fault in padlab itself: %v", v)}
			}
			done <- a
		}()
		a.value, a.err = read()
	}()
	select {
	case a := <-done:
		return a.value, a.err
	case <-ctx.Done():
		return *new(T), ctx.Err()
	}
}

// parse reads an experiment of bounded length from anything that can be read.
func parse(name string, r io.Reader) (*experiment.Experiment, error) {
	data, err := atMost(name, r, experiment.MaxFile, "an experiment file")
	if err != nil {
		return nil, err
	}
	return experiment.Parse(name, data)
}

// readShort reads a file of bounded length; what says what it is.
func readShort(path string, most int, what string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, onFile(path, err)
	}
	defer file.Close()
	return atMost(path, file, most, what)
}

// atMost reads to the end, unless there are more bytes than what may have.
func atMost(name string, r io.Reader, most int, what string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, int64(most)+1))
	if err != nil {
		return nil, onFile(name, err)
	}
	if len(data) > most {
		return nil, fmt.Errorf("%s: longer than %d bytes, the most that %s may have", name, most, what)
	}
	return data, nil
}

// onFile words the error of a file once: its name, then what is wrong.
func onFile(name string, err error) error {
	if inner := (*fs.PathError)(nil); errors.As(err, &inner) {
		err = inner.Err
	}
	return fmt.Errorf("%s: %w", name, err)
}

// maxWorkers bounds the crew: more gain nothing, as a batch is cut into at
// most 16 pieces.
const maxWorkers = 256

// pool starts the crew that the flags and the environment ask for; done ends it. A
// guest uses that of the server.
func (s *session) pool() (pool *lab.Pool, done func(), err error) {
	if s.guest != nil {
		return s.guest.pool, func() {}, nil
	}
	if pool, err = s.newPool(s.sources()); err != nil {
		return nil, nil, err
	}
	pool.Limit(machineMemory() / 10 * 9) // the system has needs of its own
	return pool, pool.Close, nil
}

func (s *session) newPool(sources lab.Sources) (*lab.Pool, error) {
	workers, err := s.crewSize()
	if err != nil {
		return nil, err
	}
	k, err := s.kernel()
	if err != nil {
		return nil, err
	}
	return lab.NewPool(k, workers, time.Now, sources), nil
}

// crewSize is how many workers were asked for, by flag or environment.
func (s *session) crewSize() (int, error) {
	n, err := strconv.Atoi(s.workers)
	if err != nil || n < 0 || n > maxWorkers {
		return 0, fmt.Errorf("%s must be an integer from 1 to %d, or 0 for one per core: %q", s.origin("workers"), maxWorkers, s.workers)
	}
	if n == 0 {
		n = min(runtime.GOMAXPROCS(0), maxWorkers)
	}
	return n, nil
}

// kernel is the one that was asked for, or the fastest of this machine.
func (s *session) kernel() (*kernel.Kernel, error) {
	k, err := kernel.Select(s.kernelName)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.origin("kernel"), err)
	}
	return k, nil
}
