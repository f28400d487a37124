package checkpoint

import (
	"fmt"
	"path"

	"google.golang.org/protobuf/proto"
)

// Metadata is made of parts: each who has written state describes that, and the parts are merged. In a part, and in what is
// stored, handles name files by their place in Files; in memory also by path.

// Compact lists in Files what the handles of the operators refer to by path, and has them refer to that by place. Handles are
// replaced, not changed: others may have them. sizes are those of files that are known, by the last element of their path.
func (m *Metadata) Compact(sizes map[string]int64) {
	places := map[string]uint32{}
	for i, f := range m.Files {
		places[path.Base(f.Path)] = uint32(i)
	}
	m.handles(func(h *Handle) *Handle {
		if h.Path == "" {
			return h
		}
		name := path.Base(h.Path)
		place, ok := places[name]
		if !ok {
			place = uint32(len(m.Files))
			places[name] = place
			m.Files = append(m.Files, &File{Path: SharedPath(name), Size: sizes[name]})
		}
		return &Handle{File: place, Offset: h.Offset, Length: h.Length}
	})
}

func (m *Metadata) handles(each func(*Handle) *Handle) {
	for _, o := range m.Operators {
		for i, h := range o.InFlight {
			o.InFlight[i] = each(h)
		}
		for _, s := range o.Subtasks {
			for i, h := range s.Indexes {
				s.Indexes[i] = each(h)
			}
		}
	}
}

// expand gives the handles the paths of what they refer to.
func (m *Metadata) expand() (err error) {
	m.handles(func(h *Handle) *Handle {
		switch {
		case h.Path != "":
		case int(h.File) < len(m.Files):
			h.Path = m.Files[h.File].Path
		default:
			err = fmt.Errorf("it refers to file %d of %d: %w", h.File, len(m.Files), ErrCorrupt)
		}
		return h
	})
	return err
}

// EncodePart encodes a part.
func (m *Metadata) EncodePart() ([]byte, error) { return proto.Marshal(m) }

// Merge adds parts, as EncodePart returned them, to m.
func (m *Metadata) Merge(parts ...[]byte) error {
	operators := map[string]*Operator{}
	for _, o := range m.Operators {
		operators[o.Uid] = o
	}
	places := map[string]uint32{}
	for _, encoded := range parts {
		p := new(Metadata)
		if err := proto.Unmarshal(encoded, p); err != nil {
			return fmt.Errorf("a part of the metadata of checkpoint %d: %w: %w", m.CheckpointId, ErrCorrupt, err)
		}
		moved := make([]uint32, len(p.Files))
		for i, f := range p.Files {
			place, ok := places[f.Path]
			if !ok {
				place = uint32(len(m.Files))
				places[f.Path] = place
				m.Files = append(m.Files, f)
			}
			m.Files[place].Size = max(m.Files[place].Size, f.Size)
			moved[i] = place
		}
		var err error
		p.handles(func(h *Handle) *Handle {
			if int(h.File) >= len(moved) {
				err = fmt.Errorf("a part of the metadata of checkpoint %d refers to file %d of %d: %w", m.CheckpointId, h.File, len(moved), ErrCorrupt)
				return h
			}
			h.File = moved[h.File]
			return h
		})
		if err != nil {
			return err
		}
		for _, o := range p.Operators {
			known := operators[o.Uid]
			if known == nil {
				operators[o.Uid] = o
				m.Operators = append(m.Operators, o)
				continue
			}
			known.Subtasks = append(known.Subtasks, o.Subtasks...)
			known.InFlight = append(known.InFlight, o.InFlight...)
			if len(o.Coordinator) > 0 {
				known.Coordinator = o.Coordinator
			}
		}
	}
	return nil
}
