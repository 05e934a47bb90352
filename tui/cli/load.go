package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"strings"

	"padlab/core/images"
	"padlab/core/lab"
	"padlab/core/names"
	"padlab/core/nn/kernel"
	"padlab/datasets"
	"padlab/presets"
)

// load reads an experiment: a preset, a file, or the standard input for "-".
func (s *session) load(name string) (*lab.Experiment, error) {
	if data, ok := presets.Read(name); ok {
		return lab.Parse("preset "+name, data)
	}
	if name == "-" {
		return s.await(func() (*lab.Experiment, error) { return parse("standard input", s.in) })
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

// await waits for what a person may never type, unless it is interrupted.
func (s *session) await(read func() (*lab.Experiment, error)) (*lab.Experiment, error) {
	type answer struct {
		e   *lab.Experiment
		err error
	}
	done := make(chan answer, 1)
	go func() {
		e, err := read()
		done <- answer{e, err}
	}()
	select {
	case a := <-done:
		return a.e, a.err
	case <-s.ctx.Done():
		return nil, s.ctx.Err()
	}
}

func parse(name string, r io.Reader) (*lab.Experiment, error) {
	data, err := io.ReadAll(io.LimitReader(r, lab.MaxFile+1))
	if err != nil {
		return nil, onFile(name, err)
	}
	if len(data) > lab.MaxFile {
		return nil, fmt.Errorf("%s: longer than %d bytes, the most that an experiment file may have", name, lab.MaxFile)
	}
	return lab.Parse(name, data)
}

// onFile words the error of a file once: its name, then what is wrong.
func onFile(name string, err error) error {
	if inner := (*fs.PathError)(nil); errors.As(err, &inner) {
		err = inner.Err
	}
	return fmt.Errorf("%s: %w", name, err)
}

// open returns the images of an experiment.
func (s *session) open(e *lab.Experiment) (*images.Set, error) {
	return datasets.Open(e.Data.Set, s.data)
}

// maxWorkers bounds the crew: more gain nothing, as a batch is cut into at
// most 16 pieces.
const maxWorkers = 256

// pool starts the crew that the flags and the environment ask for.
func (s *session) pool() (*lab.Pool, error) {
	workers, err := s.crewSize()
	if err != nil {
		return nil, err
	}
	k, err := s.arithmetic()
	if err != nil {
		return nil, err
	}
	return lab.NewPool(k, workers), nil
}

func (s *session) crewSize() (int, error) {
	n, err := strconv.Atoi(s.workers)
	if err != nil || n < 0 || n > maxWorkers {
		return 0, fmt.Errorf("%s must be a whole number in 1 … %d, or 0 for one per core: %q", s.origin("workers"), maxWorkers, s.workers)
	}
	if n == 0 {
		n = min(runtime.GOMAXPROCS(0), maxWorkers)
	}
	return n, nil
}

func (s *session) arithmetic() (*kernel.Kernel, error) {
	k, err := kernel.Select(s.kernel)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.origin("kernel"), err)
	}
	kernel.Install(k)
	return k, nil
}
