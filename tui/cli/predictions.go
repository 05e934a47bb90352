package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"padlab/core/border"
)

// What a file of predictions may cost; each limit is said in words where it is met.
const (
	maxRowLine    = 1 << 16 // bytes of a line
	maxRowImages  = 1 << 20
	maxRowNames   = 1 << 28 // bytes of their names, together
	maxRowGroups  = 256
	maxGroupName  = 100 // bytes, as tables have them
	maxRings      = 1000
	maxRowCells   = 1 << 24 // images × rings of all groups, 16 bytes each
	maxPixelSide  = 1 << 20
	maxMagnitude  = 1e100 // of a score, whose squares are added up
	boxTolerance  = 1     // pixels that a box may stick out, as rounding makes it
	zonesOfBoxes  = 5     // as zone evaluation has them
	ringsOfPixels = 8
)

// Predictions are the rows of a CSV file by group, image and ring.
type predictions struct {
	measured string // the column: correct or score
	boxes    bool   // zones by the centres of boxes, in place of rings of pixels
	rings    int
	w, h     int // of all images; 0: they differ
	groups   []predicted
	images   int
	rows     int
	unread   []string // columns
}

// predicted is a group with its rows.
type predicted struct {
	name string // empty: there is no column group
	rows *border.Rows
	last int // the highest number of an image so far
}

// A column is one that is read.
type column int

const (
	imageColumn column = iota
	groupColumn
	xColumn
	yColumn
	wColumn
	hColumn
	x1Column
	y1Column
	x2Column
	y2Column
	widthColumn
	heightColumn
	correctColumn
	scoreColumn
)

var columnNames = [...]string{"image", "group", "x", "y", "w", "h", "x1", "y1", "x2", "y2", "width", "height", "correct", "score"}

// What says where a row's answer lies: a pixel, or a box.
var (
	pixel   = []column{xColumn, yColumn}
	corners = []column{x1Column, y1Column, x2Column, y2Column}
	sides   = []column{xColumn, yColumn, wColumn, hColumn}
)

// rowReader is a CSV file under way.
type rowReader struct {
	name    string
	in      *bufio.Reader
	line    int
	comma   byte
	fields  [][]byte
	scratch []byte // of fields in quotes

	columns [len(columnNames)]int // where each stands; −1: nowhere
	width   int                   // how many columns there are
	where   []column              // pixel, corners or sides
	w, h    int                   // of --size; 0: the file says

	seed   maphash.Seed
	index  map[uint64]int32 // of images, by the hashes of their names: the next one where that is taken
	names  []byte           // of all images, one behind the other
	ends   []int            // of each name
	sizes  [][2]int32       // width and height
	groups map[string]int
	cells  int
	at     int // the image of the row before

	*predictions
}

// readPredictions reads rows of anybody's predictions. rings may be 0: as many as zone
// evaluation has of boxes, and of pixels 8, or as many as the first image has distances.
// w and h are the size of all images, or 0: the file has columns for it.
func readPredictions(ctx context.Context, name string, in io.Reader, rings, w, h int) (*predictions, error) {
	r := &rowReader{name: name, in: bufio.NewReaderSize(in, maxRowLine), w: w, h: h, seed: maphash.MakeSeed(), index: map[uint64]int32{}, groups: map[string]int{}, predictions: &predictions{rings: rings}}
	if err := r.header(); err != nil {
		return nil, err
	}
	for {
		if r.rows%4096 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		switch err := r.next(); {
		case err == io.EOF && r.rows == 0:
			return nil, fmt.Errorf("%s: there is no row below the header", name)
		case err == io.EOF:
			return r.done(), nil
		case err != nil:
			return nil, err
		}
		if err := r.row(); err != nil {
			return nil, err
		}
	}
}

func (r *rowReader) done() *predictions {
	r.images = len(r.sizes)
	r.predictions.w, r.predictions.h = int(r.sizes[0][0]), int(r.sizes[0][1])
	if slices.ContainsFunc(r.sizes, func(s [2]int32) bool { return s != r.sizes[0] }) {
		r.predictions.w, r.predictions.h = 0, 0
	}
	return r.predictions
}

// wrong is an error in the line that was read last.
func (r *rowReader) wrong(format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", r.name, r.line, fmt.Sprintf(format, args...))
}

// next reads a line that is not blank, and its fields.
func (r *rowReader) next() error {
	for {
		line, err := r.in.ReadSlice('\n')
		switch {
		case err == io.EOF && len(line) == 0:
			return io.EOF
		case err == bufio.ErrBufferFull:
			r.line++
			return r.wrong("longer than %d bytes, the most that a line may have", maxRowLine)
		case err != nil && err != io.EOF:
			if errors.Is(err, context.Canceled) {
				return err
			}
			return onFile(r.name, err)
		}
		r.line++
		if r.line == 1 {
			if line, err = r.start(line); err != nil {
				return err
			}
		}
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if r.comma == 0 {
			r.comma = separator(line)
		}
		return r.split(line)
	}
}

// start looks at how a file begins: it takes away the mark that editors on Windows
// leave, and says what is no text.
func (r *rowReader) start(line []byte) ([]byte, error) {
	for _, other := range []struct{ magic, what string }{
		{"\xff\xfe", "UTF-16: save it as UTF-8"}, {"\xfe\xff", "UTF-16: save it as UTF-8"},
		{"\x1f\x8b", "gzipped: gzip -dc FILE | padlab profile - reads it"}, {"PK\x03\x04", "a ZIP, as spreadsheets are kept in: save the table as CSV"},
		{"\x89PNG", "a picture: label pictures are read from folders, with --labels and --predictions"}, {"PAR1", "Parquet: save the table as CSV"},
	} {
		if bytes.HasPrefix(line, []byte(other.magic)) {
			return nil, fmt.Errorf("%s: %s", r.name, other.what)
		}
	}
	line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
	if at := bytes.IndexByte(line, '\r'); at >= 0 && at < len(line)-2 {
		return nil, r.wrong("a carriage return within a line: lines end in LF or CRLF")
	}
	return line, nil
}

// separator is what stands between the columns of a header most often: a comma, a
// semicolon or a tab.
func separator(header []byte) byte {
	best := byte(',')
	for _, c := range []byte(";\t") {
		if bytes.Count(header, []byte{c}) > bytes.Count(header, []byte{best}) {
			best = c
		}
	}
	return best
}

// split cuts a line into fields, without the blanks and quotes around them. A field in
// quotes may hold the separator, and a quote as two, but no end of line.
func (r *rowReader) split(line []byte) error {
	r.fields, r.scratch = r.fields[:0], r.scratch[:0]
	if bytes.IndexByte(line, '"') < 0 {
		for {
			at := bytes.IndexByte(line, r.comma)
			if at < 0 {
				r.fields = append(r.fields, trimmed(line))
				return nil
			}
			r.fields = append(r.fields, trimmed(line[:at]))
			line = line[at+1:]
		}
	}
	if cap(r.scratch) < len(line) {
		r.scratch = make([]byte, 0, maxRowLine) // does not move while fields point into it
	}
	for more := true; more; {
		line = bytes.TrimLeft(line, " ")
		if len(line) == 0 || line[0] != '"' {
			var field []byte
			field, line, more = bytes.Cut(line, []byte{r.comma})
			if bytes.IndexByte(field, '"') >= 0 {
				return r.wrong("a quote within column %d: fields in quotes begin with one, and hold others twice", len(r.fields)+1)
			}
			r.fields = append(r.fields, trimmed(field))
			continue
		}
		from := len(r.scratch)
		for line = line[1:]; ; {
			at := bytes.IndexByte(line, '"')
			if at < 0 {
				return r.wrong("the quote at the start of column %d is not closed on its line", len(r.fields)+1)
			}
			r.scratch = append(r.scratch, line[:at]...)
			if line = line[at+1:]; len(line) == 0 || line[0] != '"' {
				break
			}
			r.scratch = append(r.scratch, '"')
			line = line[1:]
		}
		r.fields = append(r.fields, r.scratch[from:len(r.scratch):len(r.scratch)])
		line = bytes.TrimLeft(line, " ")
		if more = len(line) > 0; more {
			if line[0] != r.comma {
				return r.wrong("text behind the quote that closes column %d", len(r.fields))
			}
			line = line[1:]
		}
	}
	return nil
}

// trimmed cuts blanks off; most fields have none.
func trimmed(field []byte) []byte {
	for len(field) > 0 && field[0] == ' ' {
		field = field[1:]
	}
	for len(field) > 0 && field[len(field)-1] == ' ' {
		field = field[:len(field)-1]
	}
	return field
}

// header reads which columns there are.
func (r *rowReader) header() error {
	switch err := r.next(); {
	case err == io.EOF:
		return fmt.Errorf("%s: empty: a header is needed, such as image,x,y,width,height,correct", r.name)
	case err != nil:
		return err
	}
	r.width = len(r.fields)
	for c := range r.columns {
		r.columns[c] = -1
	}
	var all []string
	for i, field := range r.fields {
		name := strings.ToLower(string(field))
		all = append(all, name)
		c := slices.Index(columnNames[:], name)
		switch {
		case c < 0 && name != "":
			r.unread = append(r.unread, name)
		case c >= 0 && r.columns[c] >= 0:
			return r.wrong("two columns %s", name)
		case c >= 0:
			r.columns[c] = i
		}
	}
	has := func(list ...column) bool {
		return !slices.ContainsFunc(list, func(c column) bool { return r.columns[c] < 0 })
	}
	any := func(list ...column) bool {
		return slices.ContainsFunc(list, func(c column) bool { return r.columns[c] >= 0 })
	}
	there := few(all, 20)
	switch {
	case !has(imageColumn):
		return r.wrong("no column image: there are %s", there)
	case any(corners...) && !has(corners...):
		return r.wrong("a box needs all of the columns x1, y1, x2 and y2: there are %s", there)
	case any(wColumn, hColumn) && !has(sides...):
		return r.wrong("a box needs all of the columns x, y, w and h: there are %s (the size of the picture is called width and height)", there)
	case has(corners...) && any(sides...):
		return r.wrong("both x1,y1,x2,y2 and others of x,y,w,h: which of them say where?")
	case !has(corners...) && !has(pixel...):
		return r.wrong("no columns that say where, x and y of a pixel, or x1,y1,x2,y2 or x,y,w,h of a box: there are %s", there)
	case !any(correctColumn, scoreColumn):
		return r.wrong("no column correct (0 or 1), nor score (a number): there are %s", there)
	case any(widthColumn, heightColumn) && r.w > 0:
		return r.wrong("columns that say the width or height: leave out --size")
	case r.w == 0 && !has(widthColumn, heightColumn):
		return r.wrong("no columns width and height of the picture, and no --size WxH for all: there are %s", there)
	}
	switch {
	case has(corners...):
		r.where = corners
	case has(sides...):
		r.where = sides
	default:
		r.where = pixel
	}
	r.boxes = len(r.where) == 4
	if r.measured = "score"; has(correctColumn) {
		r.measured = "correct"
		if has(scoreColumn) { // a detector's, say
			r.unread = append(r.unread, "score")
		}
	}
	if r.boxes && r.rings == 0 {
		r.rings = zonesOfBoxes
	}
	return nil
}

// few are at most so many names of columns, or images.
func few(names []string, most int) string {
	more := ""
	if len(names) > most {
		names, more = names[:most], fmt.Sprintf(" and %d more", len(names)-most)
	}
	quoted := make([]string, len(names))
	for i, n := range names {
		if quoted[i] = n; n == "" || len(n) > 40 {
			quoted[i] = strconv.Quote(n[:min(len(n), 40)])
		}
	}
	return strings.Join(quoted, ", ") + more
}

// row adds the fields that were read.
func (r *rowReader) row() error {
	if len(r.fields) != r.width {
		return r.wrong("%d columns, but the header has %d", len(r.fields), r.width)
	}
	w, h, err := r.size()
	if err != nil {
		return err
	}
	image, err := r.image(w, h)
	if err != nil {
		return err
	}
	ring, err := r.ring(w, h)
	if err != nil {
		return err
	}
	value, err := r.value()
	if err != nil {
		return err
	}
	g, err := r.group(image)
	if err != nil {
		return err
	}
	g.rows.Add(image, ring, value)
	r.rows++
	return nil
}

// field is the text of a column as an error has it.
func (r *rowReader) field(c column) string {
	text := string(r.fields[r.columns[c]])
	if len(text) > 40 {
		text = text[:40] + "…"
	}
	return strconv.Quote(strings.ToValidUTF8(text, "?"))
}

// number is that of a column.
func (r *rowReader) number(c column) (float64, error) {
	field := r.fields[r.columns[c]]
	v, ok := decimal(field)
	switch {
	case ok && v-v == 0:
		return v, nil
	case ok || len(field) == 0:
		return 0, r.wrong("column %s: %s, but a finite number is needed: leave out rows without one", columnNames[c], r.field(c))
	case bytes.IndexByte(field, ',') >= 0:
		return 0, r.wrong("column %s: %s, but numbers are written with a point", columnNames[c], r.field(c))
	}
	return 0, r.wrong("column %s: %s is no number", columnNames[c], r.field(c))
}

// powers are those of ten that a float64 holds exactly, as far as they are needed.
var powers = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// decimal reads a number. Up to 15 digits, which a float64 holds exactly, over a power
// of ten are rounded once (Clinger 1990); all others are left to the library.
func decimal(field []byte) (float64, bool) {
	digits := field
	if len(digits) > 0 && digits[0] == '-' {
		digits = digits[1:]
	}
	mantissa, point := 0, -1
	for i, c := range digits {
		switch {
		case '0' <= c && c <= '9':
			mantissa = 10*mantissa + int(c-'0')
		case c == '.' && point < 0:
			point = i
		default:
			return general(field)
		}
		if i >= 15 {
			return general(field)
		}
	}
	decimals := 0
	if point >= 0 {
		decimals = len(digits) - 1 - point
	}
	if len(digits) == 0 || point >= 0 && len(digits) == 1 {
		return 0, false
	}
	v := float64(mantissa) / powers[decimals]
	if len(digits) < len(field) {
		v = -v
	}
	return v, true
}

func general(field []byte) (float64, bool) {
	if bytes.ContainsAny(field, "xX_pP") {
		return 0, false
	}
	v, err := strconv.ParseFloat(string(field), 64)
	if errors.Is(err, strconv.ErrRange) { // infinite
		return v, true
	}
	return v, err == nil
}

// size is that of the picture.
func (r *rowReader) size() (w, h int, err error) {
	if r.w > 0 {
		return r.w, r.h, nil
	}
	var sizes [2]int
	for i, c := range [...]column{widthColumn, heightColumn} {
		v, err := r.number(c)
		if err != nil {
			return 0, 0, err
		}
		if v < 1 || v > maxPixelSide || v != math.Trunc(v) {
			return 0, 0, r.wrong("column %s: %s, but pictures have a whole number of pixels, 1 … %d", columnNames[c], r.field(c), maxPixelSide)
		}
		sizes[i] = int(v)
	}
	return sizes[0], sizes[1], nil
}

// image is the number of the row's image, which has this size.
func (r *rowReader) image(w, h int) (int, error) {
	name := r.fields[r.columns[imageColumn]]
	if len(name) == 0 {
		return 0, r.wrong("column image is empty: rows of one image are told by its name")
	}
	size := [2]int32{int32(w), int32(h)}
	if r.rows == 0 || !bytes.Equal(name, r.called(r.at)) {
		hash, at, known := r.find(name)
		if !known {
			switch at = len(r.sizes); {
			case at == maxRowImages:
				return 0, r.wrong("more than %d images", maxRowImages)
			case len(r.names)+len(name) > maxRowNames:
				return 0, r.wrong("names of images of more than %d MiB", maxRowNames>>20)
			}
			if err := r.open(w, h); err != nil {
				return 0, err
			}
			r.index[hash], r.names = int32(at), append(r.names, name...)
			r.ends, r.sizes = append(r.ends, len(r.names)), append(r.sizes, size)
		}
		r.at = at
	}
	if was := r.sizes[r.at]; was != size {
		return 0, r.wrong("image %s has %d×%d pixels, but %d×%d in a row before", r.field(imageColumn), w, h, was[0], was[1])
	}
	return r.at, nil
}

// find is the number of the image of that name, or where it would be in the index.
func (r *rowReader) find(name []byte) (hash uint64, image int, known bool) {
	for hash = maphash.Bytes(r.seed, name); ; hash++ {
		at, taken := r.index[hash]
		if !taken || bytes.Equal(name, r.called(int(at))) {
			return hash, int(at), taken
		}
	}
}

// called is the name of an image.
func (r *rowReader) called(image int) []byte {
	from := 0
	if image > 0 {
		from = r.ends[image-1]
	}
	return r.names[from:r.ends[image]]
}

// open looks at the size of a new image: it must have as many distances as there are
// rings of pixels, whose number the first image may settle.
func (r *rowReader) open(w, h int) error {
	if r.boxes {
		return nil
	}
	distances := border.AllSides.Rings(h, w)
	if r.rings == 0 {
		r.rings = min(ringsOfPixels, distances)
	}
	if r.rings > distances {
		return r.wrong("image %s has %d×%d pixels, at %d distances to the border: %d rings are too many, --rings takes fewer", r.field(imageColumn), w, h, distances, r.rings)
	}
	return nil
}

// ring is where the row's pixel, or box, lies.
func (r *rowReader) ring(w, h int) (int, error) {
	var at [4]float64
	for i, c := range r.where {
		var err error
		if at[i], err = r.number(c); err != nil {
			return 0, err
		}
	}
	if !r.boxes {
		if x, y := at[0], at[1]; !(x >= 0 && x <= float64(w-1) && y >= 0 && y <= float64(h-1)) {
			return 0, r.wrong("pixel %g,%g is not in the picture: of %d×%d, columns x and y are 0 … %d and 0 … %d", x, y, w, h, w-1, h-1)
		}
		return border.PixelRing(at[0], at[1], w, h, r.rings), nil
	}
	if r.where[2] == wColumn {
		if at[2] < 0 || at[3] < 0 {
			return 0, r.wrong("a box of %g×%g: columns w and h are not negative", at[2], at[3])
		}
		at[2], at[3] = at[0]+at[2], at[1]+at[3]
	}
	if at[0] > at[2] || at[1] > at[3] {
		return 0, r.wrong("a box from %g,%g to %g,%g: x1 is not right of x2, nor y1 below y2", at[0], at[1], at[2], at[3])
	}
	x, y := (at[0]+at[2])/2, (at[1]+at[3])/2
	if !(at[0] >= -boxTolerance && at[1] >= -boxTolerance && at[2] <= float64(w)+boxTolerance && at[3] <= float64(h)+boxTolerance && x >= 0 && y >= 0 && x <= float64(w) && y <= float64(h)) {
		return 0, r.wrong("a box from %g,%g to %g,%g sticks out of a picture of %d×%d by more than a pixel: cut it to the picture", at[0], at[1], at[2], at[3], w, h)
	}
	return border.Zone(x, y, w, h, r.rings), nil
}

// value is what is measured.
func (r *rowReader) value() (float64, error) {
	if r.measured == "correct" {
		switch field := r.fields[r.columns[correctColumn]]; {
		case len(field) == 1 && (field[0] == '0' || field[0] == '1'):
			return float64(field[0] - '0'), nil
		case bytes.EqualFold(field, []byte("true")), string(field) == "1.0":
			return 1, nil
		case bytes.EqualFold(field, []byte("false")), string(field) == "0.0":
			return 0, nil
		}
		return 0, r.wrong("column correct: %s, but 0, 1, true or false is allowed", r.field(correctColumn))
	}
	v, err := r.number(scoreColumn)
	if err == nil && math.Abs(v) > maxMagnitude {
		err = r.wrong("column score: %s, but at most ±%g is allowed", r.field(scoreColumn), maxMagnitude)
	}
	return v, err
}

// group is that of the row, with room for the image.
func (r *rowReader) group(image int) (*predicted, error) {
	var name []byte
	if at := r.columns[groupColumn]; at >= 0 {
		if name = r.fields[at]; len(name) == 0 {
			return nil, r.wrong("column group is empty")
		}
		if len(name) > maxGroupName {
			return nil, r.wrong("column group: %s, but a name of at most %d bytes is allowed", r.field(groupColumn), maxGroupName)
		}
	}
	at, ok := r.groups[string(name)]
	if !ok {
		if at = len(r.predictions.groups); at == maxRowGroups {
			return nil, r.wrong("more than %d groups", maxRowGroups)
		}
		r.groups[string(name)] = at
		r.predictions.groups = append(r.predictions.groups, predicted{string(name), border.NewRows(r.rings, r.measured == "correct"), -1})
	}
	g := &r.predictions.groups[at]
	if image > g.last {
		r.cells += (image - g.last) * r.rings
		if g.last = image; r.cells > maxRowCells {
			return nil, r.wrong("more than %d images × rings of all groups: fewer --rings, or a group for each file", maxRowCells)
		}
	}
	return g, nil
}
