package hdfs

import (
	"context"
	"io"

	"github.com/colinmarc/hdfs/v2"
)

// stream reads a file front to back from an offset, and opens it again when that fails. One goroutine at a time.
type stream struct {
	fs   *fileSystem
	ctx  context.Context
	path string

	session *session
	file    *hdfs.FileReader
	id      uint64 // inode; 0 until opened
	checked bool   // the blocks that file reads are those of the inode
	size    int64
	off     int64 // of the next byte
	closed  bool
}

func (s *stream) fail(err error) error { return s.fs.fail("read", s.path, err) }

// open opens the file, and once more if it was open: then it must still be the same file.
func (s *stream) open() error {
	session := s.fs.client.hold()
	var file *hdfs.FileReader
	_, err := s.fs.client.callOn(s.ctx, session, func(c *hdfs.Client) (err error) {
		file, err = c.Open(s.path)
		return err
	})
	if err == nil {
		err = s.use(session, file)
	}
	if err != nil {
		s.fs.client.release(session)
	}
	return err
}

func (s *stream) use(session *session, file *hdfs.FileReader) error {
	size, err := sizeOf(file)
	if err != nil {
		return err
	}
	id := fileID(file.Stat())
	if s.id != 0 && (s.id != id || size < s.size) {
		return errReplaced
	}
	if s.id == 0 {
		s.size = size
	}
	if _, err := file.Seek(s.off, io.SeekStart); err != nil {
		return err
	}
	s.drop()
	s.session, s.file, s.id, s.checked = session, file, id, false
	return nil
}

// drop lets go of the library's reader.
func (s *stream) drop() {
	if s.file != nil {
		s.file.Close() // read only
		s.fs.client.release(s.session)
		s.file, s.session = nil, nil
	}
}

// seek moves to an offset within the file.
func (s *stream) seek(off int64) {
	if off == s.off {
		return
	}
	s.off = off
	if s.file == nil {
		return
	}
	if _, err := s.file.Seek(off, io.SeekStart); err != nil {
		s.drop() // Read opens it again
	}
}

// Read reads at least one byte, or fails when that did not succeed for the retry window.
func (s *stream) Read(p []byte) (n int, err error) {
	if s.off >= s.size {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), s.size-s.off)] // the file may have grown since
	err = s.fs.client.retry(s.ctx, func() error {
		if s.file == nil {
			if err := s.open(); err != nil {
				return err
			}
		}
		if n, err = s.readOnce(p); n > 0 {
			err = s.check()
		}
		if err == nil {
			return nil
		}
		s.fs.client.retire(s.session) // its keys may be stale
		s.drop()                      // and what was read is read again
		return err
	})
	if err != nil {
		return 0, s.fail(err)
	}
	s.off += int64(n)
	return n, nil
}

// check makes sure, after the first read, that the path still leads to the inode that was opened: the library asks for the
// blocks of the path no sooner than then, and would take those of a file that has replaced it.
func (s *stream) check() error {
	if s.checked {
		return nil
	}
	info, err := s.fs.stat(s.ctx, s.path)
	if err == nil && fileID(info) != s.id {
		err = errReplaced
	}
	s.checked = err == nil
	return err
}

func (s *stream) readOnce(p []byte) (n int, err error) {
	n, err = s.file.Read(p)
	if n == 0 && (err == nil || err == io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (s *stream) close() {
	s.closed = true
	s.drop()
}
