package application

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/leatproject/leat/resourcemanager/yarn/launch"
	"github.com/leatproject/leat/storage/hadoop/credentials"
)

// Description is what containers are told of their application. They get it with their tokens, since YARN takes time to begin a
// container that has files of its own; an ApplicationMaster reads one that is too large from DescriptionFile.
type Description struct {
	// Configuration and Site are the contents of ConfigurationFile and SiteFile.
	Configuration string `json:"configuration"`
	Site          string `json:"site"`
	// Program is the name of the program; empty in a session. Digest is that of its file in ProgramFolder.
	Program string   `json:"program,omitempty"`
	Digest  string   `json:"digest,omitempty"`
	Args    []string `json:"args,omitempty"`
	// Files are those of workers, and Links other names of them: see SetFiles.
	Files map[string]launch.File `json:"files"`
	Links map[string]string      `json:"links,omitempty"`
	// Kerberos is what new delegation tokens are got by; nil: none are.
	Kerberos *Kerberos `json:"kerberos,omitempty"`
}

// Kerberos is a login with a keytab. Config is as KRB5_CONFIG. The files are the container's, or the node's if their paths are
// absolute.
type Kerberos struct {
	Keytab    string `json:"keytab"`
	Principal string `json:"principal"`
	Config    string `json:"config,omitempty"`
}

// SetFiles says which files workers have, by their names. YARN gives a file one name in a container, whatever it was asked for: where there
// are several, that is BinaryFile, which it starts, or else the first; the container itself makes the others.
func (d *Description) SetFiles(files map[string]launch.File) {
	type content struct {
		path    string
		archive bool
	}
	names := slices.Sorted(maps.Keys(files))
	if _, ok := files[BinaryFile]; ok {
		names = append([]string{BinaryFile}, slices.DeleteFunc(names, func(name string) bool { return name == BinaryFile })...)
	}
	d.Files, d.Links = map[string]launch.File{}, map[string]string{}
	first := map[content]string{}
	for _, name := range names {
		c := content{files[name].Path, files[name].Archive}
		if same, ok := first[c]; ok {
			d.Links[name] = same
			continue
		}
		first[c], d.Files[name] = name, files[name]
	}
}

// Encode is the content of DescriptionFile.
func (d Description) Encode() ([]byte, error) { return json.Marshal(d) }

// descriptionAlias is the name of the description among the tokens.
const descriptionAlias = "leat.description"

// MostInTokens is how large a packed description may be that an ApplicationMaster gets with its tokens, in bytes: the
// ResourceManager keeps those, in ZooKeeper as a rule, longer than the application runs.
const MostInTokens = 16 << 10

// Pack is the description as it goes with tokens.
func (d Description) Pack() ([]byte, error) {
	content, err := d.Encode()
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err = w.Write(content)
	err = errors.Join(err, w.Close())
	return packed.Bytes(), err
}

// AddDescription puts a packed description among the tokens of a container.
func AddDescription(tokens *credentials.Credentials, packed []byte) {
	others := slices.DeleteFunc(tokens.Secrets, func(s credentials.Secret) bool { return s.Alias == descriptionAlias })
	tokens.Secrets = append(others, credentials.Secret{Alias: descriptionAlias, Bytes: packed})
}

// Description reads what the container is told, and makes the files in its working directory that it has.
func (c *Container) Description() (d Description, err error) {
	var content []byte
	if packed := c.secret(descriptionAlias); packed != nil {
		var r *gzip.Reader
		if r, err = gzip.NewReader(bytes.NewReader(packed)); err == nil {
			content, err = io.ReadAll(r)
		}
	} else {
		content, err = os.ReadFile(DescriptionFile)
	}
	if err == nil {
		err = json.Unmarshal(content, &d)
	}
	for name, content := range map[string]string{ConfigurationFile: d.Configuration, SiteFile: d.Site} {
		if err == nil {
			err = place(name, content)
		}
	}
	for name, same := range d.Links {
		if err == nil {
			err = errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.Symlink(filepath.Join(c.Dir, same), name))
		}
	}
	if err != nil {
		return d, fmt.Errorf("reading what the application is: %w", err)
	}
	return d, nil
}

// place makes a file. What the user has shipped under its name is a link to a file of all containers, and stays as it is.
func place(name, content string) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.WriteFile(name, []byte(content), 0o600)
}
