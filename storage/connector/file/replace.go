package file

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/leatproject/leat/storage/filesystem"
)

// Manifest is the name of the file in which a Sink with Replace says what it has written. It is hidden from readers.
const Manifest = "_written.json"

// manifest is its content.
type manifest struct {
	Job   string         `json:"job"`
	Files []manifestFile `json:"files"`
}

type manifestFile struct {
	Name  string `json:"name"` // below the directory
	Bytes int64  `json:"bytes"`
}

// replace puts files, the whole output of a job, in the place of the directory and of all that it has.
func (c *committer) replace(ctx context.Context, files []committable) error {
	for _, f := range files {
		if !f.whole {
			return fmt.Errorf("file sink: only the output of a job in BATCH can replace %s", c.dir)
		}
	}
	return replaceDir(ctx, c.fs, c.dir, files)
}

// ErrPinned is the error of ReplaceDir for a directory within a folder that cannot be written to. Nothing was done then.
var ErrPinned = errors.New("nothing can be put beside it: write to a folder below it")

// ReplaceDir puts files that have been written for places below a directory, all by one job, in the place of all that the directory has.
// The new directory is made whole under a hidden name beside it, with a Manifest, and takes its name: in one step where the file
// system is a filesystem.Exchanger; else, as on HDFS, the old one is moved away first, so that for an instant there is none. So nobody
// sees a part of either. It may be called again after any of its steps, and when it has ended.
func ReplaceDir(ctx context.Context, fs filesystem.FileSystem, dir string, files []Committable) error {
	all := make([]committable, len(files))
	for i, f := range files {
		all[i] = committable{f.Whole, f.Hidden, f.Target}
	}
	return replaceDir(ctx, fs, dir, all)
}

func replaceDir(ctx context.Context, fs filesystem.FileSystem, dir string, files []committable) error {
	r := replacement{fs: fs, dir: path.Clean(dir), job: "nothing"} // one without output is like any other
	for _, f := range files {
		if f.hidden != "" {
			r.job = ownerOf(f.hidden)
		}
	}
	r.fresh, r.old = r.beside("replacement"), r.beside("replaced")
	done, err := r.done(ctx)
	if err == nil && !done {
		if err = r.prepare(ctx, files); err == nil {
			err = r.swap(ctx)
		}
	}
	if err == nil {
		err = errors.Join(filesystem.RemoveAll(ctx, fs, r.fresh), filesystem.RemoveAll(ctx, fs, r.old))
	}
	if err != nil {
		return fmt.Errorf("file sink: replace %s: %w", dir, err)
	}
	return nil
}

// replacement is the output of a job that takes the place of a directory.
type replacement struct {
	fs       filesystem.FileSystem
	dir, job string
	// fresh is where it is made, old where the directory is moved to where the two cannot be exchanged.
	fresh, old string
}

// prepare makes the new directory.
func (r replacement) prepare(ctx context.Context, files []committable) error {
	if err := r.fs.MkdirAll(ctx, r.fresh); errors.Is(err, filesystem.ErrPermission) {
		return fmt.Errorf("%w: %w", ErrPinned, err)
	} else if err != nil {
		return err
	}
	m := manifest{Job: r.job, Files: []manifestFile{}}
	for _, f := range files {
		if f.hidden == "" {
			continue
		}
		name, below := strings.CutPrefix(f.target, r.dir+"/")
		if !below {
			return fmt.Errorf("%s is not below it", f.target)
		}
		at := path.Join(r.fresh, name)
		if err := filesystem.Commit(ctx, r.fs, f.hidden, at); err != nil {
			return err
		}
		info, err := r.fs.Stat(ctx, at)
		if err != nil {
			return err
		}
		m.Files = append(m.Files, manifestFile{name, info.Size})
	}
	return r.writeManifest(ctx, path.Join(r.fresh, Manifest), m)
}

// swap gives the new directory its name.
func (r replacement) swap(ctx context.Context) error {
	if x, ok := r.fs.(filesystem.Exchanger); ok {
		err := x.Exchange(ctx, r.fresh, r.dir)
		if !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, filesystem.ErrNotExist) {
			return err
		}
	}
	if err := r.fs.Rename(ctx, r.dir, r.old); err != nil && !errors.Is(err, filesystem.ErrNotExist) {
		return err
	}
	return r.fs.Rename(ctx, r.fresh, r.dir)
}

func (r replacement) writeManifest(ctx context.Context, name string, m manifest) error {
	content, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := r.fs.Remove(ctx, name); err != nil { // what an earlier call has left, maybe not whole
		return err
	}
	w, err := r.fs.Create(ctx, name)
	if err != nil {
		return err
	}
	if _, err := w.Write(append(content, '\n')); err != nil {
		return errors.Join(err, w.Abort())
	}
	return w.Close()
}

// done tells whether the directory is the output of the job.
func (r replacement) done(ctx context.Context) (bool, error) {
	f, err := r.fs.Open(ctx, path.Join(r.dir, Manifest))
	if errors.Is(err, filesystem.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	var m manifest
	return json.NewDecoder(f).Decode(&m) == nil && m.Job == r.job, nil
}

// beside is a hidden directory next to the directory, which the job owns.
func (r replacement) beside(what string) string {
	parent, name := path.Split(r.dir)
	return parent + "." + name + "." + what + strings.TrimSuffix(ownedBy(r.job), ".")
}

// ownerOf is the job that has written a hidden file.
func ownerOf(hidden string) string {
	_, rest, _ := strings.Cut(path.Base(hidden), ".of-")
	job, _, _ := strings.Cut(rest, ".")
	return job
}
