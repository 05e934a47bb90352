package datasets

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
)

// What the files of one set may cost, checked before their content is read.
const (
	// maxSet bounds the memory that a set takes, in bytes: 768 MiB. The largest
	// set that is spread in this format, EMNIST by class, takes 641.
	maxSet = 768 << 20

	// perImage is what an image takes besides its pixels: its label, and its
	// place in the order of training and of evaluation, as a list that grew.
	perImage = 1 + 4*8

	// maxImages bounds the images of one part, each of which becomes a patch of
	// floats whatever its own size. EMNIST by class has 697,932.
	maxImages = 1 << 20

	// maxDeflate is how many bytes one zipped byte can stand for, as a bound:
	// zlib's own documentation has 1032.
	maxDeflate = 1032
)

// An idx is an idx file of bytes whose header is read and whose content is
// not. The format is MNIST's: two zero bytes, 08 for bytes, the number of
// sizes, each size as a big endian uint32, then the bytes, as many as the
// product of the sizes. The whole may be gzipped.
type idx struct {
	name  string // the file, for errors
	sizes []int  // all positive
	total int    // their product, at most maxSet
	body  io.Reader
}

// readHeader reads the header of an idx file that is length bytes long and
// must have the given number of sizes. A size of zero, more than maxImages and a
// product beyond maxSet are errors. So is a plain file that is not exactly as
// long as its header announces, and a gzipped one that cannot hold as much.
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
		return nil, fmt.Errorf("%s: begins with %08x, want %08x%s", name, got, want, instead(got, want))
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
		if int64(size) > maxSet/total {
			return nil, fmt.Errorf("%s: announces sizes %d, more than the %d bytes allowed", name, announced, maxSet)
		}
		total *= int64(size)
		x.sizes = append(x.sizes, int(size))
	}
	x.total = int(total)
	if n := x.sizes[0]; n > maxImages {
		return nil, fmt.Errorf("%s: announces %d images, at most %d are allowed", name, n, maxImages)
	}

	if rest := length - int64(len(header)); !gzipped && rest != total {
		return nil, x.wrongLength(rest)
	}
	if most := length * maxDeflate; gzipped && total > most {
		return nil, fmt.Errorf("%s: announces %d bytes, but %d gzipped bytes hold at most %d", name, total, length, most)
	}
	return x, nil
}

// instead says where labels were taken for images, or images for labels.
func instead(got, want uint32) string {
	const labels = 0x801
	switch isImages := got == 0x803 || got == 0x804; {
	case got == labels && want != labels:
		return ": these are labels, not images"
	case isImages && want == labels:
		return ": these are images, not labels"
	}
	return ""
}

// content reads the rest of the file into memory that was found to be allowed.
func (x *idx) content() ([]byte, error) {
	b := bytes.NewBuffer(make([]byte, 0, x.total+1+bytes.MinRead)) // so that it need not grow
	_, err := b.ReadFrom(io.LimitReader(x.body, int64(x.total)+1))
	switch content := b.Bytes(); {
	case err != nil:
		return nil, fmt.Errorf("%s: holds %d of %d bytes: %w", x.name, len(content), x.total, err)
	case len(content) != x.total:
		return nil, x.wrongLength(int64(len(content)))
	default:
		return content, nil
	}
}

func (x *idx) wrongLength(n int64) error {
	if n > int64(x.total) {
		return fmt.Errorf("%s: goes on after the %d bytes that it announces", x.name, x.total)
	}
	return fmt.Errorf("%s: holds %d of %d bytes", x.name, n, x.total)
}
