package safetensors

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Write writes a file of F32 and F64 tensors in the given order. The same
// arguments give the same bytes: the metadata comes first, sorted by key, and is
// left out when it is empty; spaces fill the header up to a multiple of 8 bytes.
// The values are converted 64 KiB at a time, so memory does not grow with
// them.
//
// Errors are those of w, and one for names and metadata that make a header of
// more than 1 MiB, in which case nothing was written. Write panics when a
// tensor's values are not as many as the product of its shape, when it has both
// Values and Doubles, when two tensors have one name, when the metadata is not
// valid UTF-8, and at names, ranks and numbers of tensors or texts that Open does
// not accept.
func Write(w io.Writer, tensors []Tensor, metadata map[string]string) error {
	start, err := appendHeader(tensors, metadata)
	if err != nil {
		return err
	}
	if _, err := w.Write(start); err != nil {
		return err
	}
	raw := make([]byte, 0, chunkBytes)
	for _, t := range tensors {
		err := writeValues(w, raw, t.Values, 4, func(b []byte, v float32) []byte { return binary.LittleEndian.AppendUint32(b, math.Float32bits(v)) })
		if err == nil {
			err = writeValues(w, raw, t.Doubles, 8, func(b []byte, v float64) []byte { return binary.LittleEndian.AppendUint64(b, math.Float64bits(v)) })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// writeValues writes values of size bytes each, as many at once as raw holds.
func writeValues[T float32 | float64](w io.Writer, raw []byte, values []T, size int, appendTo func([]byte, T) []byte) error {
	for part := range slices.Chunk(values, cap(raw)/size) {
		raw = raw[:0]
		for _, v := range part {
			raw = appendTo(raw, v)
		}
		if _, err := w.Write(raw); err != nil {
			return err
		}
	}
	return nil
}

// appendHeader returns the length of the header and the header.
func appendHeader(tensors []Tensor, metadata map[string]string) ([]byte, error) {
	if len(tensors) > maxTensors || len(metadata) > maxTexts {
		panic(fmt.Sprintf("safetensors: %d tensors and %d texts, but at most %d and %d are allowed", len(tensors), len(metadata), maxTensors, maxTexts))
	}
	b := append(make([]byte, 8), '{')
	if len(metadata) > 0 {
		b = appendText(b, metadataKey)
		b = append(b, ":{"...)
		for i, key := range slices.Sorted(maps.Keys(metadata)) {
			text := metadata[key]
			if !utf8.ValidString(key) || !utf8.ValidString(text) {
				panic(fmt.Sprintf("safetensors: metadata %s: %s is not valid UTF-8", quote(key), quote(text)))
			}
			if i > 0 {
				b = append(b, ',')
			}
			b = appendText(b, key)
			b = append(b, ':')
			b = appendText(b, text)
		}
		b = append(b, '}')
	}
	written := map[string]bool{metadataKey: true}
	begin := 0
	for i, t := range tensors {
		checkTensor(t)
		if written[t.Name] {
			panic(fmt.Sprintf("safetensors: the name %s is taken", quote(t.Name)))
		}
		written[t.Name] = true
		if i > 0 || len(metadata) > 0 {
			b = append(b, ',')
		}
		b = appendText(b, t.Name)
		dtype, bytes := F32, 4*len(t.Values)
		if t.Doubles != nil {
			dtype, bytes = F64, 8*len(t.Doubles)
		}
		b = append(b, `:{"dtype":"`+dtype+`","shape":`...)
		b = appendIntegers(b, t.Shape)
		b = append(b, `,"data_offsets":`...)
		end := begin + bytes
		b = appendIntegers(b, []int{begin, end})
		b = append(b, '}')
		begin = end
	}
	b = append(b, '}')
	for len(b)%8 != 0 {
		b = append(b, ' ')
	}
	n := len(b) - 8
	if n > maxHeader {
		return nil, fmt.Errorf("names and metadata make a header of %d bytes, but at most %d are allowed", n, maxHeader)
	}
	binary.LittleEndian.PutUint64(b, uint64(n))
	return b, nil
}

// checkTensor panics unless Open accepts the name and the shape, and the
// values are as many as the shape says.
func checkTensor(t Tensor) {
	if err := checkName(t.Name); err != nil {
		panic("safetensors: " + err.Error())
	}
	if len(t.Shape) > maxRank {
		panic(fmt.Sprintf("safetensors: tensor %s: shape %d has more than %d dimensions", quote(t.Name), t.Shape, maxRank))
	}
	shape := make([]int64, len(t.Shape))
	for i, d := range t.Shape {
		if d < 0 {
			panic(fmt.Sprintf("safetensors: tensor %s: shape %d has a negative dimension", quote(t.Name), t.Shape))
		}
		shape[i] = int64(d)
	}
	if t.Values != nil && t.Doubles != nil {
		panic(fmt.Sprintf("safetensors: tensor %s: %d values and %d doubles", quote(t.Name), len(t.Values), len(t.Doubles)))
	}
	values := len(t.Values) + len(t.Doubles)
	if n, err := countValues(shape); err != nil || n != int64(values) {
		panic(fmt.Sprintf("safetensors: tensor %s: %d values for shape %d", quote(t.Name), values, t.Shape))
	}
}

func appendIntegers(b []byte, integers []int) []byte {
	b = append(b, '[')
	for i, n := range integers {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(n), 10)
	}
	return append(b, ']')
}

// appendText appends a JSON string. encoding/json writes the same strings in
// other ways from release to release.
func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ':
			b = fmt.Appendf(b, `\u%04x`, c)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
