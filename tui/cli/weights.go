package cli

import (
	"errors"
	"fmt"
	"os"

	"padlab/core/arch"
	"padlab/core/nn"
	"padlab/core/nn/safetensors"
)

// maxWeights bounds a file of weights: VGG-19 with its own classifier has 548
// MiB.
const maxWeights = 1 << 30

// A weightsFile is a file of trained weights whose header was read. Its
// tensors are read from the disk when a network wants them, so it is closed
// when all have theirs.
type weightsFile struct {
	*safetensors.File
	path string
	file *os.File
}

func (w *weightsFile) Close() error { return w.file.Close() }

// openWeights opens a safetensors file.
func (s *session) openWeights(path string) (*weightsFile, error) {
	info, err := os.Stat(path) // a pipe would keep us waiting when it is opened
	switch {
	case err != nil:
		return nil, onFile(path, err)
	case info.IsDir():
		return nil, fmt.Errorf("%s: a folder, not a file of weights", path)
	case !info.Mode().IsRegular():
		return nil, onFile(path, errors.New("not a regular file"))
	case info.Size() > maxWeights:
		return nil, fmt.Errorf("%s: %d bytes, a file of weights has at most %d", path, info.Size(), maxWeights)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, onFile(path, err)
	}
	f, err := safetensors.Open(file, info.Size())
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: not a safetensors file: %w", path, err)
	}
	return &weightsFile{f, path, file}, nil
}

// load sets the weights of a network of an architecture to those of the file,
// whose name stands before the error.
func (w *weightsFile) load(net *nn.Net, a arch.Architecture) error {
	if err := a.Load(net, w.File); err != nil {
		return fmt.Errorf("%s: %w", w.path, err)
	}
	return nil
}
