package launch

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/hadoop/credentials"
)

// Visibility is who shares the copy of a file that a node keeps.
type Visibility = wire.LocalResourceVisibility

// The visibilities.
const (
	Public      = wire.LocalResourceVisibility_PUBLIC      // all; the file and all folders above must be readable by everybody
	Private     = wire.LocalResourceVisibility_PRIVATE     // all applications of the user
	Application = wire.LocalResourceVisibility_APPLICATION // one application
)

// File is a file on a shared file system that a container gets a copy of. It must not change: size and time are checked.
type File struct {
	Path       string // hdfs://authority/path
	Size       int64
	ModTime    time.Time
	Archive    bool // to be unpacked into a folder
	Visibility Visibility
}

// Launch is how a container's process is started.
type Launch struct {
	Files       map[string]File // by their names in the working directory
	Environment map[string]string
	// Command is a program and its arguments, without spaces or anything that a shell reads. Its output goes to the files
	// stdout and stderr of the container's log directory.
	Command []string
	// Credentials are in the file that HADOOP_TOKEN_FILE_LOCATION names. nil: none but those that YARN adds.
	Credentials *credentials.Credentials
	// View and Modify say who besides the owner may see and end the application: "user1,user2 group1", or "*".
	View, Modify string
}

var (
	plainWord    = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// Context makes the launch context.
func (l *Launch) Context() (*wire.ContainerLaunchContext, error) {
	c := &wire.ContainerLaunchContext{}
	for _, name := range slices.Sorted(maps.Keys(l.Files)) {
		resource, err := l.Files[name].resource()
		if err != nil {
			return nil, fmt.Errorf("file %s of a container: %w", name, err)
		}
		c.LocalResources = append(c.LocalResources, &wire.NamedLocalResource{Key: proto.String(name), Value: resource})
	}
	for _, name := range slices.Sorted(maps.Keys(l.Environment)) {
		if !variableName.MatchString(name) {
			return nil, fmt.Errorf("%q cannot be the name of a variable in a container; use letters, digits and _", name)
		}
		if strings.ContainsRune(l.Environment[name], 0) {
			return nil, fmt.Errorf("the variable %s of a container has a zero byte in it", name)
		}
		c.Environment = append(c.Environment, &wire.StringPair{Key: proto.String(name), Value: proto.String(quote(l.Environment[name]))})
	}
	for _, word := range l.Command {
		if !plainWord.MatchString(word) {
			return nil, fmt.Errorf("%q cannot be a word of a container's command: a shell would read it", word)
		}
	}
	c.Command = []string{"exec " + strings.Join(l.Command, " ") + " 1><LOG_DIR>/stdout 2><LOG_DIR>/stderr"}
	if l.Credentials != nil {
		c.Tokens = l.Credentials.Marshal()
	}
	for _, acl := range []struct {
		access wire.ApplicationAccessType
		who    string
	}{{wire.ApplicationAccessType_APPACCESS_VIEW_APP, l.View}, {wire.ApplicationAccessType_APPACCESS_MODIFY_APP, l.Modify}} {
		if acl.who != "" {
			c.ApplicationAcls = append(c.ApplicationAcls, &wire.ApplicationACL{AccessType: &acl.access, Acl: &acl.who})
		}
	}
	return c, nil
}

func (f File) resource() (*wire.LocalResource, error) {
	root, path, err := filesystem.Split(f.Path)
	if err != nil {
		return nil, err
	}
	if root == nil || root.Host == "" {
		return nil, fmt.Errorf("%s is on no file system that all nodes reach; put it on HDFS", f.Path)
	}
	kind := wire.LocalResourceType_FILE
	if f.Archive {
		kind = wire.LocalResourceType_ARCHIVE
	}
	where, err := address(root, path)
	if err != nil {
		return nil, err
	}
	return &wire.LocalResource{Resource: where, Size: &f.Size, Timestamp: proto.Int64(f.ModTime.UnixMilli()), Type: &kind, Visibility: f.Visibility.Enum()}, nil
}

func address(root *url.URL, path string) (*wire.URL, error) {
	host, text, err := net.SplitHostPort(root.Host)
	if err != nil { // the name of a name service, or a host with the default port
		return &wire.URL{Scheme: &root.Scheme, Host: &root.Host, File: &path}, nil
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("port of %s: %w", root, err)
	}
	return &wire.URL{Scheme: &root.Scheme, Host: &host, Port: proto.Int32(int32(port)), File: &path}, nil
}

// quoting is for a value between double quotes in a shell script. An empty "" behind what NodeManagers' marks begin and end with
// makes it no mark.
var quoting = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`", `{`, `{""`, `}`, `}""`, `<`, `<""`)

func quote(value string) string { return quoting.Replace(value) }
