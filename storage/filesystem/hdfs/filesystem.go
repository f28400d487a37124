package hdfs

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/colinmarc/hdfs/v2"

	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/hadoop/conf"
)

func init() {
	filesystem.Register("hdfs", open)
	filesystem.Register("viewfs", func(context.Context, *url.URL, filesystem.Options) (filesystem.FileSystem, error) {
		return nil, errMounts
	})
}

var errMounts = errors.New("mount tables (viewfs) are not supported; write the hdfs:// URL that the table has for the path")

func open(_ context.Context, root *url.URL, opts filesystem.Options) (filesystem.FileSystem, error) {
	site, err := conf.Load(opts.ConfDir, opts.Properties)
	if err != nil {
		return nil, err
	}
	c, err := sharedClient(site, root.Host, opts.Logger)
	if err != nil {
		return nil, err
	}
	return &fileSystem{client: c, root: "hdfs://" + root.Host}, nil
}

// fileSystem implements filesystem.FileSystem for one name service.
type fileSystem struct {
	client *client
	root   string // what errors put before a path
}

func clean(p string) string { return path.Clean("/" + p) }

// url names a path in errors.
func (f *fileSystem) url(p string) string { return f.root + clean(p) }

func (f *fileSystem) Open(ctx context.Context, p string) (filesystem.File, error) {
	at, err := locate(ctx, f, clean(p))
	if err != nil {
		return nil, f.fail("open", p, belowFile(err, filesystem.ErrNotExist))
	}
	there, err := f.client.reach(ctx)
	if err != nil {
		return nil, f.fail("open", p, err)
	}
	return &reader{fs: f, ctx: ctx, data: there.data, locations: at}, nil
}

func (f *fileSystem) Stat(ctx context.Context, p string) (filesystem.FileInfo, error) {
	info, err := f.stat(ctx, p)
	if err != nil {
		return filesystem.FileInfo{}, f.fail("stat", p, belowFile(err, filesystem.ErrNotExist))
	}
	return fileInfo(p, info), nil
}

func (f *fileSystem) stat(ctx context.Context, p string) (info os.FileInfo, err error) {
	_, err = f.client.library(ctx, func(c *hdfs.Client) (err error) {
		info, err = c.Stat(clean(p))
		return err
	})
	return info, err
}

func (f *fileSystem) List(ctx context.Context, dir string) ([]filesystem.FileInfo, error) {
	var entries []os.FileInfo
	_, err := f.client.library(ctx, func(c *hdfs.Client) (err error) {
		d, err := c.Open(clean(dir))
		if err != nil {
			return err
		}
		if !d.Stat().IsDir() {
			return errNotDirectory
		}
		entries, err = d.Readdir(0)
		return err
	})
	if err != nil {
		return nil, f.fail("list", dir, belowFile(err, filesystem.ErrNotExist))
	}
	infos := make([]filesystem.FileInfo, len(entries))
	for i, e := range entries {
		infos[i] = fileInfo(path.Join(dir, e.Name()), e)
	}
	slices.SortFunc(infos, func(a, b filesystem.FileInfo) int { return strings.Compare(a.Path, b.Path) })
	return infos, nil
}

func (f *fileSystem) Create(ctx context.Context, p string) (filesystem.Writer, error) {
	w := &writer{fs: f, ctx: ctx, path: clean(p)}
	lost, err := w.create()
	if lost && errors.Is(err, os.ErrExist) {
		return nil, &filesystem.PathError{Op: "create", Path: f.url(p), Kind: filesystem.ErrBusy, Err: errAnswerLost,
			Remedy: "remove the file if nobody else may have created it, or take another name"}
	}
	if err != nil {
		return nil, f.fail("create", p, belowFile(err, filesystem.ErrExist))
	}
	f.client.lease.hold()
	return w, nil
}

func (f *fileSystem) Remove(ctx context.Context, p string) error {
	_, err := f.client.library(ctx, func(c *hdfs.Client) error { return c.Remove(clean(p)) })
	err = belowFile(err, filesystem.ErrNotExist)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return f.fail("remove", p, err)
}

func (f *fileSystem) MkdirAll(ctx context.Context, dir string) error {
	return f.fail("mkdir", dir, belowFile(f.mkdirAll(ctx, clean(dir)), filesystem.ErrExist))
}

func (f *fileSystem) mkdirAll(ctx context.Context, dir string) error {
	_, err := f.client.library(ctx, func(c *hdfs.Client) error { return c.MkdirAll(dir, 0o755) })
	return err
}

func fileInfo(p string, info os.FileInfo) filesystem.FileInfo {
	out := filesystem.FileInfo{Path: p, ModTime: info.ModTime(), IsDir: info.IsDir()}
	if !out.IsDir {
		out.Size = info.Size()
	}
	return out
}
