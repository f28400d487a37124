package file

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/format"
)

// flushSize is how many encoded bytes are collected before they are handed on.
const flushSize = 256 << 10

// part is a file that is being written under a hidden name.
type part struct {
	hidden, target string
	file           filesystem.Writer
	plain          io.WriteCloser // compresses to file
	buf            []byte
	size, records  int64
	begun          time.Time
}

func createPart(ctx context.Context, fs filesystem.FileSystem, jobID, target string, c format.Compression) (*part, error) {
	hidden := HiddenFor(jobID, target)
	file, err := filesystem.CreateHidden(ctx, fs, hidden)
	if err != nil {
		return nil, err
	}
	plain, err := c.NewWriter(file)
	if err != nil {
		return nil, errors.Join(err, file.Abort())
	}
	return &part{hidden: hidden, target: target, file: file, plain: plain}, nil
}

func (p *part) flush() error {
	_, err := p.plain.Write(p.buf)
	p.size += int64(len(p.buf))
	p.buf = p.buf[:0]
	return err
}

// finish makes the hidden file complete and durable.
func (p *part) finish() error {
	if err := p.flush(); err != nil {
		return err
	}
	if err := p.plain.Close(); err != nil {
		return err
	}
	return p.file.Close()
}

func (r Rolling) full(p *part) bool {
	return r.Records > 0 && p.records >= r.Records || r.Size > 0 && p.size+int64(len(p.buf)) >= r.Size
}
