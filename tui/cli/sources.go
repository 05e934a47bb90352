package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"padlab/core/images"
	"padlab/core/lab"
	"padlab/core/nn/safetensors"
	"padlab/datasets"
	"padlab/datasets/fetch"
)

// sources open what experiments name, on this machine.
func (s *session) sources() lab.Sources {
	return lab.Sources{
		Set: func(name string) (*images.Set, error) {
			defer s.doing("reading the images of %s", name).done()
			return datasets.Open(s.ctx, name, s.sets())
		},
		Photos:  s.photographs,
		Weights: s.openWeights,
		Network: func(path string) (*lab.Network, error) {
			m, err := s.openGraph(path)
			if err != nil {
				return nil, err
			}
			return &lab.Network{Architecture: m.Architecture(path), SHA256: m.SHA256, Bytes: m.Bytes}, nil
		},
	}
}

// photographs are those of a folder, or the embedded ones when none is named.
func (s *session) photographs(folder string) ([]images.Photo, error) {
	if folder == "" {
		defer s.doing("reading the photographs that ship").done()
		return datasets.Photos(s.ctx)
	}
	defer s.doing("reading the photographs in %s", folder).done()
	return datasets.PhotosIn(s.ctx, folder)
}

// maxWeights bounds a file of weights: VGG-19 with its own classifier has 548
// MiB.
const maxWeights = 1 << 30

// openWeights opens a safetensors file whose header is right, and reads all of it
// for its checksum, unless it is interrupted.
func (s *session) openWeights(path string) (*lab.Weights, error) {
	defer s.doing("reading %s", path).done()
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
	h := sha256.New()
	if _, err := io.Copy(h, fetch.Heed(s.ctx, file)); err != nil {
		file.Close()
		return nil, onFile(path, err)
	}
	return &lab.Weights{File: f, SHA256: hex.EncodeToString(h.Sum(nil)), Close: file.Close}, nil
}
