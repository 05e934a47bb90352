package safetensors

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"unicode"
	"unicode/utf8"

	"padlab/core/names"
)

// maxValues is the most values that a shape may announce. Eight times as many
// bytes, for the largest dtype, are still an int.
const maxValues = math.MaxInt / 8

// readHeader sets Tensors, Metadata and index from the text of the header,
// for a file with the given number of bytes of data.
//
// encoding/json would let the last of two equal keys win and take "Shape" for
// "shape", so the text is read token by token.
func (f *File) readHeader(text []byte, data int64) error {
	if !bytes.HasPrefix(text, []byte("{")) {
		return fmt.Errorf("the header of %d bytes must begin with {, but begins with %s", len(text), quote(string(text[:min(8, len(text))])))
	}
	if !utf8.Valid(text) {
		return errors.New("the header is not valid UTF-8")
	}
	h := header{json.NewDecoder(bytes.NewReader(text))}
	h.tokens.UseNumber()

	f.index = map[string]int{}
	f.Metadata = map[string]string{}
	seen := map[string]bool{}
	err := h.object("the header", func(name string) error {
		if seen[name] {
			return fmt.Errorf("the header has %s twice", quote(name))
		}
		seen[name] = true
		if name == metadataKey {
			return h.texts(f.Metadata)
		}
		if err := checkName(name); err != nil {
			return err
		}
		if len(f.Tensors) == maxTensors {
			return fmt.Errorf("the header has more than %d tensors", maxTensors)
		}
		t, err := h.tensor(name)
		if err != nil {
			return fmt.Errorf("tensor %s: %w", quote(name), err)
		}
		if t.End > data {
			return fmt.Errorf("tensor %s: data_offsets %d end after the %d bytes of data", quote(name), []int64{t.Begin, t.End}, data)
		}
		f.index[name] = len(f.Tensors)
		f.Tensors = append(f.Tensors, t)
		return nil
	})
	if err != nil {
		return err
	}
	end := h.tokens.InputOffset()
	if rest := bytes.TrimLeft(text[end:], " "); len(rest) > 0 {
		return fmt.Errorf("the header goes on with %s after its end at byte %d, where only spaces may follow", quote(string(rest)), end)
	}
	return checkContiguous(f.Tensors, data)
}

// checkContiguous returns an error unless the tensors, sorted by their bytes,
// fill the data from its first byte to its last. No tensor ends after it.
func checkContiguous(tensors []Info, data int64) error {
	sorted := slices.SortedStableFunc(slices.Values(tensors), func(a, b Info) int {
		return cmp.Or(cmp.Compare(a.Begin, b.Begin), cmp.Compare(a.End, b.End))
	})
	end := int64(0)
	for i, t := range sorted {
		if t.Begin == end {
			end = t.End
			continue
		}
		before := "the data begins"
		if i > 0 {
			before = quote(sorted[i-1].Name) + " ends"
		}
		what := "they overlap"
		if t.Begin > end {
			what = "the bytes between belong to none"
		}
		return fmt.Errorf("tensor %s: begins at byte %d of the data, but %s at byte %d: %s", quote(t.Name), t.Begin, before, end, what)
	}
	if end != data {
		return fmt.Errorf("the tensors take %d bytes, but %d bytes of data follow the header", end, data)
	}
	return nil
}

// checkName returns an error that says what a tensor's name must be, unless
// the name is that.
func checkName(name string) error {
	if len(name) == 0 || len(name) > maxName {
		return fmt.Errorf("tensor name %s: has %d bytes, but must have 1 to %d", quote(name), len(name), maxName)
	}
	if !utf8.ValidString(name) {
		return fmt.Errorf("tensor name %s: is not valid UTF-8", quote(name))
	}
	for _, r := range name {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			return fmt.Errorf("tensor name %s: holds %U, but control and format characters are not allowed", quote(name), r)
		}
		// The JSON decoder gives U+FFFD for an escaped half of a surrogate pair.
		if r == utf8.RuneError {
			return fmt.Errorf("tensor name %s: holds a broken character", quote(name))
		}
	}
	return nil
}

// A header is the JSON text, read from its first token to its last.
type header struct{ tokens *json.Decoder }

func (h header) next() (json.Token, error) {
	t, err := h.tokens.Token()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, fmt.Errorf("the header is not JSON at byte %d: %w", h.tokens.InputOffset(), err)
	}
	return t, nil
}

// begin reads the delimiter that begins what, an object or an array.
func (h header) begin(what string, want json.Delim) error {
	t, err := h.next()
	if err != nil {
		return err
	}
	if t != want {
		kind := map[json.Delim]string{'{': "an object", '[': "an array"}[want]
		return fmt.Errorf("%s must be %s, but is %s", what, kind, describe(t))
	}
	return nil
}

// object reads an object. After each key it calls value, which must read what
// follows; its errors end the reading.
func (h header) object(what string, value func(key string) error) error {
	if err := h.begin(what, '{'); err != nil {
		return err
	}
	for h.tokens.More() {
		key, err := h.next()
		if err != nil {
			return err
		}
		if err := value(key.(string)); err != nil {
			return err
		}
	}
	_, err := h.next()
	return err
}

// text reads a string.
func (h header) text(what string) (string, error) {
	t, err := h.next()
	if err != nil {
		return "", err
	}
	s, ok := t.(string)
	if !ok {
		return "", fmt.Errorf("%s must be a text, but is %s", what, describe(t))
	}
	return s, nil
}

// texts reads an object of strings into the map, which must be empty.
func (h header) texts(into map[string]string) error {
	return h.object(metadataKey, func(key string) error {
		if _, twice := into[key]; twice {
			return fmt.Errorf("%s has the key %s twice", metadataKey, quote(key))
		}
		if len(into) == maxTexts {
			return fmt.Errorf("%s has more than %d texts", metadataKey, maxTexts)
		}
		text, err := h.text(fmt.Sprintf("%s: %s", metadataKey, quote(key)))
		into[key] = text
		return err
	})
}

// integers reads an array of at most the given number of integers, each at
// least 0 and at most math.MaxInt64.
func (h header) integers(what string, most int) ([]int64, error) {
	if err := h.begin(what, '['); err != nil {
		return nil, err
	}
	var all []int64
	for h.tokens.More() {
		t, err := h.next()
		if err != nil {
			return nil, err
		}
		if len(all) == most {
			return nil, fmt.Errorf("%s has more than %d numbers", what, most)
		}
		number, _ := t.(json.Number)
		n, err := strconv.ParseUint(string(number), 10, 63)
		if err != nil {
			return nil, fmt.Errorf("%s holds %s, but takes integers from 0 to %d", what, describe(t), int64(math.MaxInt64))
		}
		all = append(all, int64(n))
	}
	_, err := h.next()
	return all, err
}

// fields are what the header says about a tensor.
var fields = []string{"dtype", "shape", "data_offsets"}

// tensor reads what follows a tensor's name.
func (h header) tensor(name string) (Info, error) {
	t := Info{Name: name}
	var shape, offsets []int64
	seen := map[string]bool{}
	err := h.object("its value", func(field string) (err error) {
		if seen[field] {
			return fmt.Errorf("has the field %s twice", field)
		}
		seen[field] = true
		switch field {
		case "dtype":
			var dtype string
			dtype, err = h.text(field)
			if t.Dtype = Dtype(dtype); err == nil && t.Dtype.size() == 0 {
				err = names.Unknown(field, cut(dtype), dtypeNames())
			}
		case "shape":
			shape, err = h.integers(field, maxRank)
		case "data_offsets":
			offsets, err = h.integers(field, 2)
			if err == nil && len(offsets) != 2 {
				err = fmt.Errorf("data_offsets must hold 2 numbers, but hold %d", offsets)
			}
		default:
			err = names.Unknown("field", cut(field), fields)
		}
		return err
	})
	if err != nil {
		return Info{}, err
	}
	for _, field := range fields {
		if !seen[field] {
			return Info{}, fmt.Errorf("has no %s", field)
		}
	}

	n, err := countValues(shape)
	if err != nil {
		return Info{}, err
	}
	t.Shape = make([]int, len(shape))
	for i, d := range shape {
		t.Shape[i] = int(d)
	}
	t.Begin, t.End = offsets[0], offsets[1]
	if t.Begin > t.End {
		return Info{}, fmt.Errorf("data_offsets %d end before they begin", offsets)
	}
	if have, want := t.End-t.Begin, n*int64(t.Dtype.size()); have != want {
		return Info{}, fmt.Errorf("data_offsets %d span %d bytes, but shape %d of %s takes %d", offsets, have, shape, t.Dtype, want)
	}
	return t, nil
}

// countValues returns the product of a shape, whose dimensions are at least 0.
// The product without the zeros must be at most maxValues, wherever they
// stand.
func countValues(shape []int64) (int64, error) {
	product := int64(1)
	for _, d := range shape {
		if d > 0 {
			if d > maxValues/product {
				return 0, fmt.Errorf("shape %d is of more than %d values", shape, int64(maxValues))
			}
			product *= d
		}
	}
	if slices.Contains(shape, 0) {
		return 0, nil
	}
	return product, nil
}

// describe words a token for an error.
func describe(t json.Token) string {
	switch t := t.(type) {
	case json.Delim:
		if t == '{' {
			return "an object"
		}
		return "an array"
	case string:
		return quote(t)
	case json.Number:
		return cut(string(t))
	case nil:
		return "null"
	}
	return fmt.Sprint(t)
}

// quote quotes a text from a file, of which only the beginning when it is long.
func quote(s string) string { return strconv.Quote(cut(s)) }

// cut shortens a text of more than 128 bytes to at most 128 and an ellipsis.
func cut(s string) string {
	const most = 128
	if len(s) <= most {
		return s
	}
	end := most
	for end > most-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}
