package datasets

import (
	"encoding/binary"

	"padlab/core/images"
)

// orientation returns how a picture was held, from 1 to 8, as its EXIF says:
// the tag 0112 in the first directory of a TIFF file without pixels (CIPA
// DC-008, 4.6.4; TIFF 6.0, p. 13). It is 1, upright, where EXIF says nothing or
// is broken: a picture is never refused for it.
func orientation(exif []byte) int {
	if len(exif) < 8 {
		return 1
	}
	var order binary.ByteOrder
	switch string(exif[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	at := int64(order.Uint32(exif[4:]))
	if at+2 > int64(len(exif)) {
		return 1
	}
	entries := exif[at+2:]
	for range order.Uint16(exif[at:]) {
		const size, tag, short, long = 12, 0x0112, 3, 4
		if len(entries) < size {
			break
		}
		if order.Uint16(entries) == tag && order.Uint32(entries[4:]) == 1 {
			value := uint32(0)
			switch order.Uint16(entries[2:]) {
			case short:
				value = uint32(order.Uint16(entries[8:]))
			case long:
				value = order.Uint32(entries[8:])
			}
			if 1 <= value && value <= 8 {
				return int(value)
			}
			break
		}
		entries = entries[size:]
	}
	return 1
}

// upright returns a photograph that was stored with an orientation as it was
// taken. Orientations name the sides that row 0 and column 0 of the file show:
// 1 top and left, 2 top and right, 3 bottom and right, 4 bottom and left, 5 left
// and top, 6 right and top, 7 right and bottom, 8 left and bottom.
func upright(p images.Photo, orientation int) images.Photo {
	if orientation == 1 {
		return p
	}
	stored := p
	if orientation >= 5 {
		p.H, p.W = p.W, p.H
	}
	p.Pixels = make([]byte, 0, len(p.Pixels))
	for y := range p.H {
		for x := range p.W {
			row, column := y, x
			if orientation >= 5 {
				row, column = x, y
			}
			switch orientation {
			case 3, 4, 6, 7:
				row = stored.H - 1 - row
			}
			switch orientation {
			case 2, 3, 7, 8:
				column = stored.W - 1 - column
			}
			at := (row*stored.W + column) * 3
			p.Pixels = append(p.Pixels, stored.Pixels[at:at+3]...)
		}
	}
	return p
}
