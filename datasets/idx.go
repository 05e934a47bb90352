package datasets

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
)

// maxIDXBytes is the most that the content of one idx file may be: 1 GiB, 22
// times the training images of MNIST.
const maxIDXBytes = 1 << 30

// An idx is an idx file of bytes whose header is read and whose content is
// not. The format is MNIST's: two zero bytes, 08 for bytes, the number of
// sizes, each size as a big endian uint32, then the bytes, as many as the
// product of the sizes. The whole may be gzipped.
type idx struct {
	name  string // the file, for errors
	sizes []int  // all positive
	total int    // their product, at most maxIDXBytes
	body  io.Reader
}

// readHeader reads the header of an idx file that is length bytes long and
// must have the given number of sizes. A size of zero and a product beyond
// maxIDXBytes are errors, and so is a plain file that is not exactly as long
// as its header announces.
func readHeader(r io.Reader, length int64, name string, sizes int) (*idx, error) {
	body := bufio.NewReader(r)
	x := &idx{name: name, body: body}
	magic, _ := body.Peek(2)
	gzipped := string(magic) == "\x1f\x8b"
	if gzipped {
		unzipped, err := gzip.NewReader(body)
		if err != nil {
			return nil, fmt.Errorf("%s: gzip header: %w", name, err)
		}
		x.body = unzipped
	}

	header := make([]byte, 4*(1+sizes))
	n, err := io.ReadFull(x.body, header)
	if err != nil {
		return nil, fmt.Errorf("%s: holds %d of the %d bytes of an idx header: %w", name, n, len(header), err)
	}
	if got, want := binary.BigEndian.Uint32(header), 0x0800|uint32(sizes); got != want {
		return nil, fmt.Errorf("%s: begins with %08x, want %08x", name, got, want)
	}
	announced := make([]uint32, sizes)
	for i := range announced {
		announced[i] = binary.BigEndian.Uint32(header[4*(1+i):])
	}
	total := int64(1)
	for _, size := range announced {
		if size == 0 {
			return nil, fmt.Errorf("%s: announces sizes %d, but every one must be at least 1", name, announced)
		}
		if int64(size) > maxIDXBytes/total {
			return nil, fmt.Errorf("%s: announces sizes %d, more than the %d bytes allowed", name, announced, maxIDXBytes)
		}
		total *= int64(size)
		x.sizes = append(x.sizes, int(size))
	}
	x.total = int(total)

	if rest := length - int64(len(header)); !gzipped && rest != total {
		return nil, x.wrongLength(rest)
	}
	return x, nil
}

// content reads the rest of the file. Memory grows with the bytes that are
// there, not with those announced.
func (x *idx) content() ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(x.body, int64(x.total)+1))
	if err != nil {
		return nil, fmt.Errorf("%s: holds %d of %d bytes: %w", x.name, len(content), x.total, err)
	}
	if len(content) != x.total {
		return nil, x.wrongLength(int64(len(content)))
	}
	return content, nil
}

func (x *idx) wrongLength(n int64) error {
	if n > int64(x.total) {
		return fmt.Errorf("%s: goes on after the %d bytes that it announces", x.name, x.total)
	}
	return fmt.Errorf("%s: holds %d of %d bytes", x.name, n, x.total)
}
