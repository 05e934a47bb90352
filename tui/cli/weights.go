package cli

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

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

// load sets the weights of a network of the named architecture to those of the
// file. Of a file that does not fit the error says what it fits, or which
// tensors do not.
func (w *weightsFile) load(net *nn.Net, name string) error {
	err := net.Load(w.File)
	if err == nil {
		return nil
	}
	if fits := arch.Recognize(w.File); len(fits) > 0 && !slices.Contains(fits, name) {
		return fmt.Errorf("%s: these look like the weights of %s, not of %s", w.path, strings.Join(fits, " or "), name)
	}
	return fmt.Errorf("%s does not hold weights of %s: %w", w.path, name, err)
}
