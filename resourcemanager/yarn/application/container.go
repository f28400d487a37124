package application

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/storage/hadoop/credentials"
)

// Names of files in the working directory of containers.
const (
	BinaryFile        = "leat"
	ConfigurationFile = "config.yaml"
	DescriptionFile   = "application.json"
	SiteFile          = "core-site.xml"
	ProgramFolder     = "program" // of the program, which is named by its digest
	secretFile        = "secret"
)

// secretAlias is the name of the cluster's secret among the tokens.
const secretAlias = "leat.cluster.secret"

// Container is what YARN tells a process that it has started.
type Container struct {
	ID      *wire.ContainerId
	Host    string   // the name of its node
	Dir     string   // its working directory, which is removed with it
	LogDir  string   // the files in it are those that YARN collects
	TmpDirs []string // on all disks of the node; they are removed with the application

	path   string // of the tokens
	mu     sync.Mutex
	tokens *credentials.Credentials
}

// ErrNoContainer is a process that YARN has not started.
var ErrNoContainer = errors.New("this process runs in no container of YARN, which starts it: use leat run -t yarn-application or leat yarn session")

// Enter reads what YARN has told this process, and makes its working directory the one of Hadoop's configuration and of
// temporary files, also for processes that it starts.
func Enter() (*Container, error) {
	id, tokens := os.Getenv("CONTAINER_ID"), os.Getenv(credentials.Environment)
	if id == "" || tokens == "" {
		return nil, ErrNoContainer
	}
	c := &Container{Host: os.Getenv("NM_HOST"), LogDir: first(os.Getenv("LOG_DIRS")), path: tokens}
	var err error
	if c.ID, err = wire.ParseContainerID(id); err != nil {
		return nil, err
	}
	if c.tokens, err = credentials.Load(tokens); err != nil {
		return nil, err
	}
	if c.Dir, err = os.Getwd(); err != nil {
		return nil, err
	}
	if dirs := os.Getenv("LOCAL_DIRS"); dirs != "" {
		c.TmpDirs = strings.Split(dirs, ",")
	}
	tmp := filepath.Join(c.Dir, "tmp")
	return c, errors.Join(os.MkdirAll(tmp, 0o700), os.Setenv("TMPDIR", tmp), os.Setenv("HADOOP_CONF_DIR", c.Dir))
}

func first(list string) string {
	name, _, _ := strings.Cut(list, ",")
	return name
}

// LogFile makes a file that YARN collects, which who runs the NodeManager can read, and returns where it is.
func (c *Container) LogFile(name string) (path string, err error) {
	path = filepath.Join(c.LogDir, name)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o640)
	if err != nil {
		return "", err
	}
	return path, f.Close()
}

// Application is the id of the container's application.
func (c *Container) Application() *wire.ApplicationId {
	return c.ID.GetAppAttemptId().GetApplicationId()
}

// Attempt counts the ApplicationMasters of the application, from 1.
func (c *Container) Attempt() uint64 { return uint64(c.ID.GetAppAttemptId().GetAttemptId()) }

// Credentials are the container's tokens and secrets, as they are now.
func (c *Container) Credentials() *credentials.Credentials {
	c.mu.Lock()
	defer c.mu.Unlock()
	return &credentials.Credentials{Tokens: slices.Clone(c.tokens.Tokens), Secrets: slices.Clone(c.tokens.Secrets)}
}

// Renew puts tokens in the place of those that are kept under the same aliases, also for connections of this process and of
// those that it starts.
func (c *Container) Renew(tokens *credentials.Credentials) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	changed := false
	for _, t := range tokens.Tokens {
		changed = c.tokens.Add(t.Alias, t.Token) || changed
	}
	if !changed {
		return nil
	}
	return c.tokens.Save(c.path)
}

// AddSecret adds a cluster's secret to the tokens of a container.
func AddSecret(tokens *credentials.Credentials, secret []byte) {
	tokens.Secrets = append(tokens.Secrets, credentials.Secret{Alias: secretAlias, Bytes: secret})
}

// WriteSecret writes the cluster's secret to a file that only this user can read, and returns where it is.
func (c *Container) WriteSecret() (path string, err error) {
	content := c.secret(secretAlias)
	if content == nil {
		return "", fmt.Errorf("the tokens of container %s have no secret of the cluster", c.ID.Text())
	}
	path = filepath.Join(c.Dir, secretFile)
	return path, os.WriteFile(path, append(content, '\n'), 0o600)
}

// secret is what the tokens have under that name; nil if that is nothing.
func (c *Container) secret(alias string) []byte {
	for _, s := range c.Credentials().Secrets {
		if s.Alias == alias {
			return s.Bytes
		}
	}
	return nil
}
