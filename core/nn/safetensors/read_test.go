package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// fileOf is a file with the given header and data.
func fileOf(header string, data []byte) []byte {
	file := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(file, header...), data...)
}

func open(file []byte) (*File, error) {
	return Open(bytes.NewReader(file), int64(len(file)))
}

// example has every kind of thing that is accepted: tensors out of order,
// empty ones, a scalar, an integer, metadata, white space and escapes.
const example = `{ "b.weight":{"dtype":"F16","shape":[2,3],"data_offsets":[4,16]},
	"__metadata__" : {"format":"pt","note":"eins\n\u00e9","":""},
	"\u0061":{"data_offsets":[0,4],"shape":[],"dtype":"F32"},
	"none":{"dtype":"F64","shape":[3,0],"data_offsets":[4,4]},
	"b.num_batches_tracked":{"dtype":"I64","shape":[1],"data_offsets":[16,24]},
	"end":{"dtype":"U8","shape":[0],"data_offsets":[24,24]}}   `

var exampleData = []byte{
	0, 0, 0xc0, 0x3f,
	0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00, 0xff, 0x7b, 0x00, 0x80, 0x00, 0x7c,
	7, 0, 0, 0, 0, 0, 0, 0,
}

func TestOpen(t *testing.T) {
	f, err := open(fileOf(example, exampleData))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, info := range f.Tensors {
		got = append(got, fmt.Sprint(info, info.Len()))
		if found, ok := f.Find(info.Name); !ok || found.Name != info.Name {
			t.Errorf("Find(%q) = %v, %v", info.Name, found, ok)
		}
	}
	want := []string{
		"{b.weight F16 [2 3] 4 16} 6",
		"{a F32 [] 0 4} 1",
		"{none F64 [3 0] 4 4} 0",
		"{b.num_batches_tracked I64 [1] 16 24} 1",
		"{end U8 [0] 24 24} 0",
	}
	if !slices.Equal(got, want) {
		t.Errorf("tensors %q\nwant    %q", got, want)
	}
	if want := map[string]string{"format": "pt", "note": "eins\né", "": ""}; !maps.Equal(f.Metadata, want) {
		t.Errorf("metadata %q, want %q", f.Metadata, want)
	}
	if _, ok := f.Find("A"); ok {
		t.Error("A found as a")
	}
	if got := fmt.Sprint(f.Skipped()); got != "[{b.num_batches_tracked I64 [1] 16 24} {end U8 [0] 24 24}]" {
		t.Errorf("skipped %s", got)
	}

	for name, want := range map[string]string{
		"a":        "a [] [1.5]",
		"b.weight": "b.weight [2 3] [1 -2 5.9604645e-08 65504 -0 +Inf]",
		"none":     "none [3 0] []",
	} {
		if tensor, err := f.Read(name); err != nil || fmt.Sprintf("%s %v %v", tensor.Name, tensor.Shape, tensor.Values) != want {
			t.Errorf("Read(%q) = %v, %v, want %s", name, tensor, err, want)
		}
	}
	for name, want := range map[string]string{
		"b.num_batches_tracked":   `tensor "b.num_batches_tracked": its dtype is I64, but only F32, F16, BF16 and F64 can be read`,
		"b.wieght":                `no tensor "b.wieght": did you mean "b.weight"?`,
		"classifier.1.weight":     `no tensor "classifier.1.weight" among the 5 of the file`,
		strings.Repeat("é", 1000): `no tensor "` + strings.Repeat("é", 64) + `…" among the 5 of the file`,
	} {
		if tensor, err := f.Read(name); err == nil || err.Error() != want {
			t.Errorf("Read(%q) = %v, %v, want %s", name, tensor, err, want)
		}
	}
}

// A file with nothing in it is a file.
func TestOpenEmpty(t *testing.T) {
	for _, header := range []string{`{}`, `{}      `, `{"__metadata__":{}}`} {
		f, err := open(fileOf(header, nil))
		if err != nil || len(f.Tensors) != 0 || len(f.Metadata) != 0 || f.Skipped() != nil {
			t.Errorf("%s: %v, %v", header, f, err)
		}
	}
}

// one is a header with one tensor, called a, of which it says the given.
func one(value string) string { return `{"a":` + value + `}` }

// f32 is a header with one tensor of 8 bytes and the given name, as in JSON.
func f32(name string) string {
	return `{` + name + `:{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`
}

// many is a header of n empty tensors.
func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"%d":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`, i)
	}
	return "{" + b.String()[1:] + "}"
}

// texts is a header of n texts.
func texts(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"%d":""`, i)
	}
	return `{"__metadata__":{` + b.String()[1:] + "}}"
}

// layout is a header of tensors of bytes called a, b and so on, at the given
// offsets.
func layout(offsets ...[2]int) string {
	var b strings.Builder
	for i, o := range offsets {
		fmt.Fprintf(&b, `,"%c":{"dtype":"U8","shape":[%d],"data_offsets":[%d,%d]}`, 'a'+i, o[1]-o[0], o[0], o[1])
	}
	return "{" + b.String()[1:] + "}"
}

var limit = fmt.Sprint(maxValues)

var refused = []struct {
	name string
	file []byte
	want string // the whole error, or its beginning when it ends in …
}{
	{"no file", nil, "the file has 0 bytes, but the length of the header alone takes 8"},
	{"half a length", make([]byte, 7), "the file has 7 bytes, but the length of the header alone takes 8"},
	{"a zip", []byte("PK\x03\x04\x00\x00\x08\x08\x00\x00"), "the file announces a header of 578712552184433488 bytes, but at most 1048576 are allowed"},
	{"largest length", bytes.Repeat([]byte{0xff}, 20), "the file announces a header of 18446744073709551615 bytes, but at most 1048576 are allowed"},
	{"long header", fileOf("{}"+strings.Repeat(" ", maxHeader-1), nil), "the file announces a header of 1048577 bytes, but at most 1048576 are allowed"},
	{"lying length", fileOf("{}", nil)[:9], "the file announces a header of 2 bytes, but has 1 after the length"},
	{"no header", make([]byte, 8), `the header of 0 bytes must begin with {, but begins with ""`},
	{"space before", fileOf(" {}", nil), `the header of 3 bytes must begin with {, but begins with " {}"`},
	{"a list", fileOf("[1,2,3,4,5,6]", nil), `the header of 13 bytes must begin with {, but begins with "[1,2,3,4"`},
	{"not UTF-8", fileOf("{\"\xff\":1}", nil), "the header is not valid UTF-8"},
	{"surrogate in UTF-8", fileOf("{\"\xed\xa0\x80\":1}", nil), "the header is not valid UTF-8"},

	{"open object", fileOf("{", nil), "the header is not JSON at byte 1: unexpected EOF"},
	{"open tensor", fileOf(`{"a":{"dtype":"F32"`, nil), `tensor "a": the header is not JSON at byte 19: unexpected EOF`},
	{"open dtype", fileOf(one(`{"dtype":"F3`), nil), `tensor "a": the header is not JSON at byte …`},
	{"open shape", fileOf(one(`{"shape":[1,`), nil), `tensor "a": the header is not JSON at byte …`},
	{"wrong bracket", fileOf(one(`{"shape":[1}`), nil), `tensor "a": the header is not JSON at byte …`},
	{"comma at the end", fileOf(`{"__metadata__":{},}`, nil), "the header is not JSON at byte …"},
	{"no colon", fileOf(`{"a" {}}`, nil), `tensor "a": the header is not JSON at byte …`},
	{"key without quotes", fileOf(`{a:1}`, nil), "the header is not JSON at byte …"},
	{"a number as key", fileOf(`{1:1}`, nil), "the header is not JSON at byte …"},
	{"raw line break in a name", fileOf(f32("\"a\n\""), make([]byte, 8)), "the header is not JSON at byte …"},
	{"line break after", fileOf("{}\n", nil), `the header goes on with "\n" after its end at byte 2, where only spaces may follow`},
	{"NUL after", fileOf("{}  \x00", nil), `the header goes on with "\x00" after its end at byte 2, where only spaces may follow`},
	{"two objects", fileOf("{} {}", nil), `the header goes on with "{}" after its end at byte 2, where only spaces may follow`},

	{"metadata twice", fileOf(`{"__metadata__":{},"__metadata__":{}}`, nil), `the header has "__metadata__" twice`},
	{"metadata of a number", fileOf(`{"__metadata__":7}`, nil), "__metadata__ must be an object, but is 7"},
	{"metadata of null", fileOf(`{"__metadata__":null}`, nil), "__metadata__ must be an object, but is null"},
	{"metadata of a tensor", fileOf(`{"__metadata__":{"dtype":"F32","shape":[0]}}`, nil), `__metadata__: "shape" must be a text, but is an array`},
	{"a number as text", fileOf(`{"__metadata__":{"epoch":3}}`, nil), `__metadata__: "epoch" must be a text, but is 3`},
	{"a text twice", fileOf(`{"__metadata__":{"k":"1","k":"2"}}`, nil), `__metadata__ has the key "k" twice`},
	{"too many texts", fileOf(texts(maxTexts+1), nil), "__metadata__ has more than 4096 texts"},

	{"a name twice", fileOf(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\u0061":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`, nil), `the header has "a" twice`},
	{"empty name", fileOf(f32(`""`), make([]byte, 8)), `tensor name "": has 0 bytes, but must have 1 to 512`},
	{"long name", fileOf(f32(`"`+strings.Repeat("n", 513)+`"`), make([]byte, 8)), `tensor name "` + strings.Repeat("n", 128) + `…": has 513 bytes, but must have 1 to 512`},
	{"escape code in a name", fileOf(f32(`"\u001b[2J"`), make([]byte, 8)), `tensor name "\x1b[2J": holds U+001B, but control and format characters are not allowed`},
	{"delete in a name", fileOf(f32("\"\x7f\""), make([]byte, 8)), `tensor name "\x7f": holds U+007F, but control and format characters are not allowed`},
	{"C1 in a name", fileOf(f32(`"\u009b"`), make([]byte, 8)), `tensor name "\u009b": holds U+009B, but control and format characters are not allowed`},
	{"right to left in a name", fileOf(f32(`"a\u202eb"`), make([]byte, 8)), `tensor name "a\u202eb": holds U+202E, but control and format characters are not allowed`},
	{"half a character", fileOf(f32(`"a\ud800"`), make([]byte, 8)), `tensor name "a�": holds a broken character`},
	{"too many tensors", fileOf(many(maxTensors+1), nil), "the header has more than 4096 tensors"},

	{"tensor of a number", fileOf(one(`7`), nil), `tensor "a": its value must be an object, but is 7`},
	{"tensor of null", fileOf(one(`null`), nil), `tensor "a": its value must be an object, but is null`},
	{"tensor of an array", fileOf(one(`[[[[`), nil), `tensor "a": its value must be an object, but is an array`},
	{"no dtype", fileOf(one(`{"shape":[1],"data_offsets":[0,4]}`), make([]byte, 4)), `tensor "a": has no dtype`},
	{"no shape", fileOf(one(`{"dtype":"F32","data_offsets":[0,4]}`), make([]byte, 4)), `tensor "a": has no shape`},
	{"no offsets", fileOf(one(`{"dtype":"F32","shape":[1]}`), make([]byte, 4)), `tensor "a": has no data_offsets`},
	{"nothing", fileOf(one(`{}`), nil), `tensor "a": has no dtype`},
	{"dtype twice", fileOf(one(`{"dtype":"F32","dtype":"F16"}`), nil), `tensor "a": has the field dtype twice`},
	{"shape twice", fileOf(one(`{"shape":[],"shape":[]}`), nil), `tensor "a": has the field shape twice`},
	{"offsets twice", fileOf(one(`{"data_offsets":[0,0],"data_offsets":[0,0]}`), nil), `tensor "a": has the field data_offsets twice`},
	{"another case", fileOf(one(`{"Dtype":"F32"}`), nil), `tensor "a": unknown field "Dtype": did you mean "dtype"? (known: dtype, shape, data_offsets)`},
	{"another field", fileOf(one(`{"`+strings.Repeat("x", 9999)+`":1}`), nil), `tensor "a": unknown field "` + strings.Repeat("x", 128) + `…" (known: dtype, shape, data_offsets)`},

	{"dtype of a number", fileOf(one(`{"dtype":32}`), nil), `tensor "a": dtype must be a text, but is 32`},
	{"dtype in lower case", fileOf(one(`{"dtype":"f32"}`), nil), `tensor "a": unknown dtype "f32": did you mean "F32"?`},
	{"dtype of 4 bits", fileOf(one(`{"dtype":"F4"}`), nil), `tensor "a": unknown dtype "F4"…`},
	{"dtype cut in a character", fileOf(one(`{"dtype":"x`+strings.Repeat("é", 999)+`"}`), nil), `tensor "a": unknown dtype "x` + strings.Repeat("é", 63) + `…" (known: F32, F16, BF16, F64, I64, …`},
	{"empty dtype", fileOf(one(`{"dtype":""}`), nil), `tensor "a": unknown dtype "" (known: F32, F16, BF16, F64, I64, …`},
	{"another dtype", fileOf(one(`{"dtype":"`+strings.Repeat("é", 9999)+`"}`), nil), `tensor "a": unknown dtype "` + strings.Repeat("é", 64) + `…" (known: F32, F16, BF16, F64, I64, …`},

	{"shape of a number", fileOf(one(`{"shape":4}`), nil), `tensor "a": shape must be an array, but is 4`},
	{"shape of an object", fileOf(one(`{"shape":{}}`), nil), `tensor "a": shape must be an array, but is an object`},
	{"shape of shapes", fileOf(one(`{"shape":[[1]]}`), nil), `tensor "a": shape holds an array, but takes integers from 0 to 9223372036854775807`},
	{"shape of a text", fileOf(one(`{"shape":["1"]}`), nil), `tensor "a": shape holds "1", but takes integers from 0 to 9223372036854775807`},
	{"shape of a truth", fileOf(one(`{"shape":[true]}`), nil), `tensor "a": shape holds true, but takes integers from 0 to 9223372036854775807`},
	{"negative", fileOf(one(`{"shape":[2,-1]}`), nil), `tensor "a": shape holds -1, but takes integers from 0 to 9223372036854775807`},
	{"minus 0", fileOf(one(`{"shape":[-0]}`), nil), `tensor "a": shape holds -0, but takes integers from 0 to 9223372036854775807`},
	{"fraction", fileOf(one(`{"shape":[1.5]}`), nil), `tensor "a": shape holds 1.5, but takes integers from 0 to 9223372036854775807`},
	{"whole fraction", fileOf(one(`{"shape":[1.0]}`), nil), `tensor "a": shape holds 1.0, but takes integers from 0 to 9223372036854775807`},
	{"exponent", fileOf(one(`{"shape":[1e2]}`), nil), `tensor "a": shape holds 1e2, but takes integers from 0 to 9223372036854775807`},
	{"2⁶³", fileOf(one(`{"shape":[9223372036854775808]}`), nil), `tensor "a": shape holds 9223372036854775808, but takes integers from 0 to 9223372036854775807`},
	{"long number", fileOf(one(`{"shape":[`+strings.Repeat("9", 9999)+`]}`), nil), `tensor "a": shape holds ` + strings.Repeat("9", 128) + `…, but takes integers from 0 to 9223372036854775807`},
	{"9 dimensions", fileOf(one(`{"shape":[1,1,1,1,1,1,1,1,1]}`), nil), `tensor "a": shape has more than 8 numbers`},
	{"overflow", fileOf(one(`{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}`), nil), `tensor "a": shape [4294967296 4294967296] is of more than ` + limit + ` values`},
	{"overflow of the bytes", fileOf(one(`{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]}`), nil), `tensor "a": shape [2305843009213693952] is of more than ` + limit + ` values`},
	{"overflow and 0", fileOf(one(`{"dtype":"U8","shape":[0,4294967296,4294967296],"data_offsets":[0,0]}`), nil), `tensor "a": shape [0 4294967296 4294967296] is of more than ` + limit + ` values`},
	{"largest", fileOf(one(fmt.Sprintf(`{"dtype":"F64","shape":[%d],"data_offsets":[0,%d]}`, maxValues, 8*maxValues)), nil), fmt.Sprintf(`tensor "a": data_offsets [0 %d]`, 8*maxValues) + ` end after the 0 bytes of data`},

	{"one offset", fileOf(one(`{"data_offsets":[0]}`), nil), `tensor "a": data_offsets must hold 2 numbers, but hold [0]`},
	{"three offsets", fileOf(one(`{"data_offsets":[0,0,0]}`), nil), `tensor "a": data_offsets has more than 2 numbers`},
	{"negative offset", fileOf(one(`{"data_offsets":[-4,0]}`), nil), `tensor "a": data_offsets holds -4, but takes integers from 0 to 9223372036854775807`},
	{"backwards", fileOf(one(`{"dtype":"F32","shape":[0],"data_offsets":[4,0]}`), make([]byte, 4)), `tensor "a": data_offsets [4 0] end before they begin`},
	{"too few bytes", fileOf(one(`{"dtype":"F32","shape":[2,2],"data_offsets":[0,12]}`), make([]byte, 12)), `tensor "a": data_offsets [0 12] span 12 bytes, but shape [2 2] of F32 takes 16`},
	{"too many bytes", fileOf(one(`{"dtype":"F16","shape":[3],"data_offsets":[0,12]}`), make([]byte, 12)), `tensor "a": data_offsets [0 12] span 12 bytes, but shape [3] of F16 takes 6`},
	{"no bytes for a scalar", fileOf(one(`{"dtype":"I64","shape":[],"data_offsets":[0,0]}`), nil), `tensor "a": data_offsets [0 0] span 0 bytes, but shape [] of I64 takes 8`},
	{"beyond the data", fileOf(layout([2]int{0, 4}, [2]int{4, 8}), make([]byte, 7)), `tensor "b": data_offsets [4 8] end after the 7 bytes of data`},

	{"hole at the start", fileOf(layout([2]int{2, 4}), make([]byte, 4)), `tensor "a": begins at byte 2 of the data, but the data begins at byte 0: the bytes between belong to none`},
	{"hole", fileOf(layout([2]int{6, 8}, [2]int{0, 4}), make([]byte, 8)), `tensor "a": begins at byte 6 of the data, but "b" ends at byte 4: the bytes between belong to none`},
	{"overlap", fileOf(layout([2]int{3, 8}, [2]int{0, 4}), make([]byte, 8)), `tensor "a": begins at byte 3 of the data, but "b" ends at byte 4: they overlap`},
	{"same bytes", fileOf(layout([2]int{0, 4}, [2]int{0, 4}), make([]byte, 4)), `tensor "b": begins at byte 0 of the data, but "a" ends at byte 4: they overlap`},
	{"empty one inside", fileOf(layout([2]int{0, 4}, [2]int{2, 2}), make([]byte, 4)), `tensor "b": begins at byte 2 of the data, but "a" ends at byte 4: they overlap`},
	{"bytes left over", fileOf(layout([2]int{0, 4}), make([]byte, 5)), "the tensors take 4 bytes, but 5 bytes of data follow the header"},
	{"no tensors but bytes", fileOf("{}", make([]byte, 5)), "the tensors take 0 bytes, but 5 bytes of data follow the header"},
}

// Every broken file is refused with its numbers, and costs little, whatever it
// announces.
func TestOpenRefuses(t *testing.T) {
	for _, c := range refused {
		file, spent, err := openCounting(c.file)
		if err == nil {
			t.Errorf("%s: opened: %v", c.name, file.Tensors)
			continue
		}
		got, want := err.Error(), c.want
		if start, cut := strings.CutSuffix(want, "…"); cut && strings.HasPrefix(got, start) {
			want = got
		}
		if got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, got, want)
		}
		if spent > mostSpent(len(c.file)) {
			t.Errorf("%s: %d bytes allocated for a file of %d", c.name, spent, len(c.file))
		}
	}
}

// openCounting opens a file and says how many bytes were allocated for that.
func openCounting(file []byte) (f *File, spent uint64, err error) {
	spent = allocated(func() { f, err = open(file) })
	return f, spent, err
}

// allocated is how many bytes f allocates, also counting those that are free
// again.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// mostSpent is how many bytes Open may allocate altogether for a file of n
// bytes, of which the header is at most 1 MiB.
func mostSpent(n int) uint64 { return 1<<17 + 64*uint64(min(n, maxHeader)) }

// Headers at the limits open, and cost no more than they may.
func TestOpenLargest(t *testing.T) {
	const value = `:{"dtype":"U8","shape":[0,1,1,1,1,1,1,1],"data_offsets":[0,0]}`
	var b strings.Builder
	for i := range maxTensors {
		fmt.Fprintf(&b, `,"%0*d"`+value, (maxHeader-2)/maxTensors-len(value)-4, i)
	}
	full := "{" + b.String()[1:] + "}"
	for name, header := range map[string]string{
		"full":         full + strings.Repeat(" ", maxHeader-len(full)),
		"spaces":       "{}" + strings.Repeat(" ", maxHeader-2),
		"spaces in it": "{" + strings.Repeat(" ", maxHeader-2) + "}",
		"tensors":      many(maxTensors),
		"texts":        texts(maxTexts),
		"long text":    `{"__metadata__":{"":"` + strings.Repeat("x", maxHeader-24) + `"}}`,
		"long name":    `{"` + strings.Repeat("é", maxName/2) + `"` + value + `}`,
		"8 dimensions": `{"a"` + value + `}`,
	} {
		if _, spent, err := openCounting(fileOf(header, nil)); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if spent > mostSpent(len(header)) {
			t.Errorf("%s: %d bytes allocated for a header of %d", name, spent, len(header))
		}
	}
}

// A file cut anywhere is refused, and one that is cut after Open gives an
// error and no values.
func TestTruncated(t *testing.T) {
	whole := fileOf(example, exampleData)
	for n := range whole {
		if _, err := open(whole[:n]); err == nil {
			t.Errorf("opened the first %d of %d bytes", n, len(whole))
		}
		// The size is as it was, but the bytes are gone.
		f, err := Open(bytes.NewReader(whole[:n]), int64(len(whole)))
		if start := 8 + len(example); n < start {
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%d bytes: got %v, want an unexpected end", n, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%d bytes: %v", n, err)
			continue
		}
		for _, name := range []string{"a", "b.weight", "none"} {
			info, _ := f.Find(name)
			tensor, err := f.Read(name)
			if fits := info.Len() == 0 || f.data+info.End <= int64(n); fits != (err == nil) {
				t.Errorf("%d bytes: %s: %v", n, name, err)
			} else if !fits && tensor.Values != nil {
				t.Errorf("%d bytes: %s: values %v with the error %v", n, name, tensor.Values, err)
			}
		}
	}
	f, err := Open(bytes.NewReader(whole[:8+len(example)+6]), int64(len(whole)))
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Read("b.weight")
	if want := fmt.Sprintf(`tensor "b.weight": at byte %d of the file: read 2 of 12 bytes: unexpected EOF`, 8+len(example)+4); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// A readerAt counts the bytes that are read from it and fails from the given
// place on.
type readerAt struct {
	r    io.ReaderAt
	fail int64
	read int64
}

var errDisk = errors.New("the disk is broken")

func (r *readerAt) ReadAt(b []byte, at int64) (int, error) {
	if at+int64(len(b)) > r.fail {
		return 0, errDisk
	}
	n, err := r.r.ReadAt(b, at)
	r.read += int64(n)
	return n, err
}

// Open reads the header only, Read what its tensor takes, and both return the
// errors of the reader.
func TestReads(t *testing.T) {
	const values = 100_000 // several chunks
	header := fmt.Sprintf(`{"a":{"dtype":"F64","shape":[%d],"data_offsets":[0,%d]},"b":{"dtype":"F16","shape":[1],"data_offsets":[%d,%d]}}`, values, 8*values, 8*values, 8*values+2)
	var data []byte
	for i := range values {
		data = binary.LittleEndian.AppendUint64(data, math.Float64bits(float64(i)))
	}
	file := fileOf(header, append(data, 0, 0x3c))
	size := int64(len(file))

	r := &readerAt{r: bytes.NewReader(file), fail: size}
	f, err := Open(r, size)
	if err != nil {
		t.Fatal(err)
	}
	if want := int64(8 + len(header)); r.read != want {
		t.Errorf("Open read %d bytes, want %d", r.read, want)
	}
	r.read = 0
	if b, err := f.Read("b"); err != nil || b.Values[0] != 1 || r.read != 2 {
		t.Errorf("%v, %v, after %d bytes", b, err, r.read)
	}
	a, err := f.Read("a")
	if err != nil || len(a.Values) != values {
		t.Fatalf("%d values, %v", len(a.Values), err)
	}
	for i, v := range a.Values {
		if v != float32(i) {
			t.Fatalf("value %d is %v", i, v)
		}
	}
	if exact, err := f.ReadDoubles("a"); err != nil || len(exact.Doubles) != values || exact.Doubles[values-1] != values-1 || exact.Values != nil || !slices.Equal(exact.Shape, a.Shape) {
		t.Errorf("%d doubles, %v", len(exact.Doubles), err)
	}
	for name, want := range map[string]string{
		"b": `tensor "b": its dtype is F16, but only F64 holds doubles`,
		"c": `no tensor "c" among the 2 of the file`,
	} {
		if _, err := f.ReadDoubles(name); err == nil || err.Error() != want {
			t.Errorf("doubles of %s: %v, want %s", name, err, want)
		}
	}
	a.Shape[0] = 1
	if info, _ := f.Find("a"); info.Shape[0] != values {
		t.Error("a change to the tensor's shape changed the file's")
	}

	for fail, want := range map[int64]string{
		0:                      "length of the header: read 0 of 8 bytes: the disk is broken",
		8:                      fmt.Sprintf("header: read 0 of %d bytes: the disk is broken", len(header)),
		8 + int64(len(header)): "",
	} {
		f, err := Open(&readerAt{r: bytes.NewReader(file), fail: fail}, size)
		if want == "" {
			if err != nil {
				t.Fatal(err)
			}
			_, err = f.Read("a")
			want = fmt.Sprintf(`tensor "a": at byte %d of the file: read 0 of 65536 bytes: the disk is broken`, 8+len(header))
		}
		if !errors.Is(err, errDisk) || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// Real files, which do not come with the code.
func TestRealFiles(t *testing.T) {
	const folder = "../../../../shared/data/weights"
	for _, c := range []struct {
		file       string
		tensors    int
		values     int
		first      string // in the order of the header
		licence    string
		name       string
		shape      []int
		start, end []float32
	}{
		// The numbers were found with Python's json and struct alone, as in
		//	d = open(file, "rb").read(); n, = struct.unpack("<Q", d[:8]); h = json.loads(d[8:8+n])
		//	[struct.unpack_from("<f", d, 8 + n + h[name]["data_offsets"][0] + 4*i)[0] for i in range(4)]
		{
			"squeezenet1_0_imagenet_deepcompression.safetensors", 52, 1_248_424,
			"classifier.1.bias", "BSD-2-Clause style (LICENCE in source repo)",
			"features.0.weight", []int{96, 3, 7, 7},
			[]float32{4.5462236404418945, 2.771097421646118, 0.5522503852844238, -2.2440974712371826},
			[]float32{-0.898514449596405, -4.420002460479736, -3.9536147117614746, -1.5808686017990112},
		},
		{
			"resnet20_cifar10.safetensors", 97, 271_098,
			"conv1.weight", "BSD-2-Clause (c) 2018 Yerlan Idelbayev",
			"linear.weight", []int{10, 64},
			[]float32{-1.0598125457763672, 0.5688578486442566, -0.025252094492316246, -0.1443975418806076},
			[]float32{0.26087793707847595, -0.16108645498752594, -0.266508549451828, 0.22667697072029114},
		},
	} {
		t.Run(c.file, func(t *testing.T) {
			r, err := os.Open(filepath.Join(folder, c.file))
			if errors.Is(err, os.ErrNotExist) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			stat, err := r.Stat()
			if err != nil {
				t.Fatal(err)
			}
			f, err := Open(r, stat.Size())
			if err != nil {
				t.Fatal(err)
			}
			values := 0
			for _, info := range f.Tensors {
				tensor, err := f.Read(info.Name)
				if err != nil {
					t.Error(err)
				}
				if len(tensor.Values) != info.Len() || !slices.Equal(tensor.Shape, info.Shape) {
					t.Errorf("%s has %d values and shape %d, want %d and %d", info.Name, len(tensor.Values), tensor.Shape, info.Len(), info.Shape)
				}
				values += len(tensor.Values)
			}
			if len(f.Tensors) != c.tensors || values != c.values || f.Tensors[0].Name != c.first {
				t.Errorf("%d tensors of %d values, first %s, want %d, %d, %s", len(f.Tensors), values, f.Tensors[0].Name, c.tensors, c.values, c.first)
			}
			if got := f.Metadata["license"]; got != c.licence {
				t.Errorf("licence %q, want %q", got, c.licence)
			}
			tensor, err := f.Read(c.name)
			if err != nil {
				t.Fatal(err)
			}
			start, end := tensor.Values[:4], tensor.Values[len(tensor.Values)-4:]
			if !slices.Equal(tensor.Shape, c.shape) || !slices.Equal(start, c.start) || !slices.Equal(end, c.end) {
				t.Errorf("%s has shape %d and values %v … %v, want %d and %v … %v", c.name, tensor.Shape, start, end, c.shape, c.start, c.end)
			}
		})
	}
}
