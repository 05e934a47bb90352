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

	"padlab/core/arch"
	"padlab/core/arch/catalog"
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

// inputs opens what an experiment needs: its set, photographs for what is read
// out, weights. What
// it opened is closed by release, when the networks have been built.
func (s *session) inputs(e *lab.Experiment, folder string) (in lab.Inputs, release func(), err error) {
	release = func() {}
	if in.Set, err = datasets.Open(e.Data.Set, s.data); err != nil {
		return in, release, err
	}
	switch {
	case e.Reads():
		in.Photos, err = photographs(folder)
	case folder != "":
		return in, release, errors.New("--images: this experiment reads nothing out of photographs: there are no readout.targets")
	}
	if err != nil || e.Net.Weights == "" {
		return in, release, err
	}
	w, err := s.openWeights(e.Net.Weights)
	if err != nil {
		return in, release, err
	}
	in.Weights = w.File
	return in, func() { w.Close() }, nil
}

// photographs are those of a folder, or the embedded ones when none is named.
func photographs(folder string) ([]images.Photo, error) {
	if folder == "" {
		return datasets.Photos()
	}
	return datasets.PhotosIn(folder)
}

// freeze makes the frozen network of an experiment the one whose weights a file
// holds, and the pictures those that it was made for.
func (s *session) freeze(e *lab.Experiment, path string) error {
	w, err := s.openWeights(path)
	if err != nil {
		return err
	}
	defer w.Close()
	fits := arch.Recognize(w.File)
	if len(fits) == 0 {
		return fmt.Errorf("%s: not the weights of a network known here: %s", path, strings.Join(catalog.Names(), ", "))
	}
	known := fits[0]
	for _, a := range fits {
		if a.Name == e.Net.Arch {
			known = a
		}
	}
	for _, key := range []string{"backbone.task", "backbone.steps"} {
		if e.Compares(key) {
			return fmt.Errorf("the arms of this experiment set %s themselves: with weights from a file there is nothing left to compare", key)
		}
	}
	changes := [][2]string{{"net.weights", path}, {"net.arch", known.Name}, {"data.normalize", strconv.FormatBool(known.Input.Normalized)}}
	if known.Input.Side > e.Readout.Size {
		changes = append(changes, [2]string{"readout.size", strconv.Itoa(known.Input.Side)})
	}
	for _, c := range changes {
		if err := e.Set(c[0], c[1]); err != nil {
			return err
		}
	}
	return nil
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
	return k, nil
}
