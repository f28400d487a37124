package submission

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/leatproject/leat/resourcemanager/yarn/launch"
	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/hadoop/conf"
)

// Local is a file of this machine that containers need.
type Local struct {
	Name    string // in the containers' working directory
	Path    string
	Archive bool
}

// Stage is where files of applications are on the shared file system.
type Stage struct {
	Dir      string   // such as hdfs://service/user/alice
	Provided []string // folders that everybody can read
}

// StageIn makes a Stage in dir, or if it is empty in the home folder, on the cluster's own file system, of the user, whose name
// may be a principal of Kerberos.
func StageIn(dir string, provided []string, c conf.Conf, user string) (Stage, error) {
	if dir == "" {
		if _, err := c.NameNodes(""); err != nil {
			return Stage{}, err
		}
		short, _, _ := strings.Cut(user, "@")
		short, _, _ = strings.Cut(short, "/")
		dir = strings.TrimSuffix(c.Get("fs.defaultFS", ""), "/") + "/user/" + short
	}
	return Stage{Dir: dir, Provided: provided}, nil
}

// Try writes a file and removes it, and tells how far the clock of the file system is ahead of this machine's.
func (s *Stage) Try(ctx context.Context) (ahead time.Duration, err error) {
	name := filesystem.HiddenName(strings.TrimSuffix(s.Dir, "/") + "/.leat/check")
	before := time.Now()
	if err := write(ctx, name, strings.NewReader("leat")); err != nil {
		return 0, err
	}
	after := time.Now()
	f, err := look(ctx, name, launch.Application)
	if err != nil {
		return 0, err
	}
	fs, within, err := filesystem.For(ctx, name)
	if err != nil {
		return 0, err
	}
	switch {
	case f.ModTime.Before(before.Add(-time.Second)):
		ahead = f.ModTime.Sub(before)
	case f.ModTime.After(after.Add(time.Second)):
		ahead = f.ModTime.Sub(after)
	}
	return ahead, fs.Remove(ctx, within)
}

// Cache is the folder of files that are named by their content.
func (s *Stage) Cache() string { return strings.TrimSuffix(s.Dir, "/") + "/.leat/cache" }

// Application is the folder of an application's own files, by its id.
func (s *Stage) Application(id string) string {
	return strings.TrimSuffix(s.Dir, "/") + "/.leat/" + id
}

// Files puts the files that are not there yet on the shared file system, and tells containers where all are, by their names.
// Files of the same content share one copy; other applications may be uploading it at the same time.
func (s *Stage) Files(ctx context.Context, files []Local) (map[string]launch.File, error) {
	all := map[string]launch.File{}
	for _, f := range files {
		if _, twice := all[f.Name]; twice {
			return nil, fmt.Errorf("containers cannot have two files of the name %s: %s is the second", f.Name, f.Path)
		}
		staged, err := s.File(ctx, f.Path)
		if err != nil {
			return nil, fmt.Errorf("file %s for containers: %w", f.Name, err)
		}
		staged.Archive = f.Archive
		all[f.Name] = staged
	}
	return all, nil
}

// Digest is the hexadecimal SHA-256 of a file that File or Files has returned, which is named by it.
func Digest(f launch.File) string { return path.Base(f.Path) }

// File is Files of one, given by its path on this machine.
func (s *Stage) File(ctx context.Context, name string) (launch.File, error) {
	digest, err := digestOf(name)
	if err != nil {
		return launch.File{}, err
	}
	for _, dir := range s.Provided {
		if found, err := look(ctx, strings.TrimSuffix(dir, "/")+"/"+digest, launch.Public); err == nil || !errors.Is(err, filesystem.ErrNotExist) {
			return found, err
		}
	}
	to := s.Cache() + "/" + digest
	found, err := look(ctx, to, launch.Private)
	if !errors.Is(err, filesystem.ErrNotExist) {
		return found, err
	}
	if err := upload(ctx, name, to); err != nil && !errors.Is(err, filesystem.ErrExist) {
		return launch.File{}, err
	}
	return look(ctx, to, launch.Private)
}

func look(ctx context.Context, name string, v launch.Visibility) (launch.File, error) {
	fs, within, err := filesystem.For(ctx, name)
	if err != nil {
		return launch.File{}, err
	}
	info, err := fs.Stat(ctx, within)
	if err != nil {
		return launch.File{}, err
	}
	return launch.File{Path: name, Size: info.Size, ModTime: info.ModTime, Visibility: v}, nil
}

func digestOf(name string) (string, error) {
	in, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer in.Close() // it was only read
	info, err := in.Stat()
	if err != nil {
		return "", err
	}
	if info.IsDir() {
		return "", fmt.Errorf("%s is a folder; pack it into a .zip or .tar.gz", name)
	}
	h := sha256.New()
	if _, err := io.Copy(h, in); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func upload(ctx context.Context, from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close() // it was only read
	return write(ctx, to, in)
}

// write writes a file that appears whole. ErrExist if it is there.
func write(ctx context.Context, name string, content io.Reader) error {
	fs, within, err := filesystem.For(ctx, name)
	if err != nil {
		return err
	}
	out, err := filesystem.CreateAtomic(ctx, fs, within)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, content); err != nil {
		return errors.Join(err, out.Abort())
	}
	if err := out.Close(); err != nil {
		return errors.Join(err, out.Abort())
	}
	return nil
}

// Own writes a file of one application, such as its configuration.
func (s *Stage) Own(ctx context.Context, id, name string, content io.Reader) (launch.File, error) {
	to := s.Application(id) + "/" + name
	if err := write(ctx, to, content); err != nil {
		return launch.File{}, fmt.Errorf("file %s of %s: %w", name, id, err)
	}
	return s.Owned(ctx, id, name)
}

// Owned finds a file that Own has written.
func (s *Stage) Owned(ctx context.Context, id, name string) (launch.File, error) {
	f, err := look(ctx, s.Application(id)+"/"+name, launch.Application)
	if err != nil {
		return launch.File{}, fmt.Errorf("file %s of %s: %w", name, id, err)
	}
	return f, nil
}

// Newest reads that one of an application's own files whose name begins so and is the last of them. ErrNotExist if there is none.
func (s *Stage) Newest(ctx context.Context, id, prefix string) (content []byte, err error) {
	all, err := s.read(ctx, id, prefix, 1)
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// All reads those of an application's own files whose names begin so, in the order of their names. ErrNotExist if there is none.
func (s *Stage) All(ctx context.Context, id, prefix string) ([][]byte, error) {
	return s.read(ctx, id, prefix, math.MaxInt)
}

// read reads the last files, at most so many.
func (s *Stage) read(ctx context.Context, id, prefix string, most int) (all [][]byte, err error) {
	fs, within, err := filesystem.For(ctx, s.Application(id))
	if err != nil {
		return nil, err
	}
	entries, err := fs.List(ctx, within)
	if err != nil {
		return nil, err
	}
	entries = slices.DeleteFunc(entries, func(i filesystem.FileInfo) bool { return !strings.HasPrefix(i.Name(), prefix) })
	if len(entries) == 0 {
		return nil, fmt.Errorf("%s of %s: %w", prefix, id, filesystem.ErrNotExist)
	}
	for _, e := range entries[max(0, len(entries)-most):] { // they are sorted
		content, err := readAll(ctx, fs, e.Path)
		if err != nil {
			return nil, err
		}
		all = append(all, content)
	}
	return all, nil
}

func readAll(ctx context.Context, fs filesystem.FileSystem, name string) ([]byte, error) {
	f, err := fs.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(f)
	return content, errors.Join(err, f.Close())
}

// Remove removes an application's own files.
func (s *Stage) Remove(ctx context.Context, id string) error {
	return RemoveAll(ctx, s.Application(id))
}

// RemoveAll removes a folder with all that is in it. None is no error.
func RemoveAll(ctx context.Context, dir string) error {
	fs, within, err := filesystem.For(ctx, dir)
	if err != nil {
		return err
	}
	return filesystem.RemoveAll(ctx, fs, within)
}

// Shipped are files that a user names in yarn.ship-files and yarn.ship-archives, under the last element of their paths.
func Shipped(files, archives []string) []Local {
	var all []Local
	for _, f := range files {
		all = append(all, Local{Name: path.Base(filepath.ToSlash(f)), Path: f})
	}
	for _, f := range archives {
		all = append(all, Local{Name: path.Base(filepath.ToSlash(f)), Path: f, Archive: true})
	}
	return all
}
