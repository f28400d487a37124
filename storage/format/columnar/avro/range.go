package avro

import "io"

// Range leaves the blocks whose marker before them begins from byte start up to byte end of the file, 0: to its end. from gives the bytes from
// start on; it is not read where start is 0.
func (f *File) Range(from io.Reader, start, end int64) error {
	f.end = end
	if start == 0 {
		return nil
	}
	f.in = input{from: from, offset: start}
	if err := f.in.seek(f.sync[:], end); err != nil && err != io.EOF {
		return &Error{Path: f.path, Err: err}
	}
	return nil
}

// FirstBlock is how many records the next block has, in how many bytes; zeros where there is none. Nothing can be read afterwards.
func (f *File) FirstBlock() (records, size int64, err error) {
	if records, err = f.in.long(); err == nil {
		size, err = f.in.long()
	}
	if err == io.EOF {
		return 0, 0, nil
	}
	return records, size, err
}
