package column

import (
	"encoding/binary"
	"sync"
	"time"
	"unsafe"
)

// instant is the coder of time.Time: seconds since 1970 (UTC), nanoseconds, and the zone's offset in seconds east of UTC. The name
// of the zone and the monotonic reading are lost: an offset of zero comes back as UTC, any other as a fixed zone without a name. So
// two times are the same key when they are the same instant at the same offset.
type instant struct{}

const (
	instantBytes = 12 // and the offset
	maxOffset    = 26 * 60 * 60
)

func (instant) width() int { return instantBytes }

func splitTime(t *time.Time) (sec uint64, nano, offset uint32) {
	if t.Location() != time.UTC {
		_, zone := t.Zone()
		offset = uint32(int32(zone))
	}
	return uint64(t.Unix()), uint32(t.Nanosecond()), offset
}

// encode writes seconds, nanoseconds, and the offsets: a byte that says whether they differ, then one or all of them.
func (instant) encode(e *encoder, v cells) {
	var out []byte
	e.dst, out = extend(e.dst, v.n*16+1)
	secs, nanos, offsets := out[:8*v.n], out[8*v.n:12*v.n], out[12*v.n+1:]
	out[12*v.n] = 0
	var first uint32
	at := 0
	for _, r := range v.runs {
		for i := range uintptr(r.n) {
			sec, nano, offset := splitTime((*time.Time)(unsafe.Add(r.at, v.off+i*v.stride)))
			binary.LittleEndian.PutUint64(secs[8*at:], sec)
			binary.LittleEndian.PutUint32(nanos[4*at:], nano)
			binary.LittleEndian.PutUint32(offsets[4*at:], offset)
			if at == 0 {
				first = offset
			}
			if offset != first {
				out[12*v.n] = 1
			}
			at++
		}
	}
	if v.n > 1 && out[12*v.n] == 0 {
		e.dst = e.dst[:len(e.dst)-4*(v.n-1)]
	}
}

func (instant) decode(d *decoder, v cells) error {
	secs, err := d.take(8 * v.n)
	if err != nil {
		return err
	}
	nanos, err := d.take(4 * v.n)
	if err != nil {
		return err
	}
	differ, err := d.take(1)
	if err != nil {
		return err
	}
	count, step := min(v.n, 1), 0
	if differ[0] != 0 {
		count, step = v.n, 4
	}
	offsets, err := d.take(4 * count)
	if err != nil {
		return err
	}
	var zone *time.Location
	var last uint32
	at := 0
	for _, r := range v.runs {
		for i := range uintptr(r.n) {
			offset := binary.LittleEndian.Uint32(offsets[step*at:])
			if zone == nil || offset != last {
				if zone, err = zoneAt(offset); err != nil {
					return err
				}
				last = offset
			}
			t, err := joinTime(binary.LittleEndian.Uint64(secs[8*at:]), binary.LittleEndian.Uint32(nanos[4*at:]), zone)
			if err != nil {
				return err
			}
			*(*time.Time)(unsafe.Add(r.at, v.off+i*v.stride)) = t
			at++
		}
	}
	return nil
}

func (instant) appendRow(dst []byte, p unsafe.Pointer) []byte {
	sec, nano, offset := splitTime((*time.Time)(p))
	dst = binary.LittleEndian.AppendUint64(dst, sec)
	dst = binary.LittleEndian.AppendUint32(dst, nano)
	return binary.LittleEndian.AppendUint32(dst, offset)
}

func (instant) readRow(src []byte, p unsafe.Pointer) ([]byte, error) {
	head, rest, err := takeRow(src, 16)
	if err != nil {
		return nil, err
	}
	zone, err := zoneAt(binary.LittleEndian.Uint32(head[12:]))
	if err != nil {
		return nil, err
	}
	t, err := joinTime(binary.LittleEndian.Uint64(head), binary.LittleEndian.Uint32(head[8:]), zone)
	if err != nil {
		return nil, err
	}
	*(*time.Time)(p) = t
	return rest, nil
}

// Locations never change and are shared.
func (instant) detach(unsafe.Pointer)                  {}
func (instant) extra(unsafe.Pointer, uintptr, int) int { return 0 }

func joinTime(sec uint64, nano uint32, zone *time.Location) (time.Time, error) {
	if nano >= 1e9 {
		return time.Time{}, corrupt("%d nanoseconds", nano)
	}
	return time.Unix(int64(sec), int64(nano)).In(zone), nil
}

// zones holds the fixed zones made so far, by offset; there can be no more than 2 * maxOffset.
var zones sync.Map

func zoneAt(offset uint32) (*time.Location, error) {
	if offset == 0 {
		return time.UTC, nil
	}
	if z, ok := zones.Load(offset); ok {
		return z.(*time.Location), nil
	}
	seconds := int(int32(offset))
	if seconds < -maxOffset || seconds > maxOffset {
		return nil, corrupt("zone offset of %d s", seconds)
	}
	z, _ := zones.LoadOrStore(offset, time.FixedZone("", seconds))
	return z.(*time.Location), nil
}
