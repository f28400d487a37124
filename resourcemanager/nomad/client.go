package nomad

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"

	"github.com/hashicorp/nomad/api"
)

// Connect makes a client from NOMAD_ADDR, NOMAD_TOKEN, NOMAD_REGION, NOMAD_NAMESPACE, NOMAD_CACERT, NOMAD_CAPATH,
// NOMAD_CLIENT_CERT, NOMAD_CLIENT_KEY, NOMAD_TLS_SERVER_NAME, NOMAD_SKIP_VERIFY and NOMAD_HTTP_AUTH, as Nomad's own command
// does. A task without NOMAD_ADDR speaks to its node's agent through the socket in its secrets directory, with the token that is in
// the file TokenItem there, or else with its workload identity. Nothing is called yet.
func Connect() (*api.Client, error) {
	c := api.DefaultConfig()
	if dir := os.Getenv("NOMAD_SECRETS_DIR"); dir != "" && os.Getenv("NOMAD_ADDR") == "" {
		socket := dir + "/api.sock"
		if _, err := os.Stat(socket); err == nil {
			c.Address = "unix://" + socket
		}
	}
	if token, err := os.ReadFile(os.Getenv("NOMAD_SECRETS_DIR") + "/" + TokenItem); err == nil && len(token) > 0 {
		c.SecretID = string(token)
	}
	client, err := api.NewClient(c)
	if err != nil {
		return nil, fmt.Errorf("connecting to Nomad at %s: %w; see NOMAD_ADDR and, for TLS, NOMAD_CACERT, NOMAD_CLIENT_CERT and NOMAD_CLIENT_KEY", c.Address, err)
	}
	return client, nil
}

// query and write are options of one call in the namespace and the region of a cluster.
func (s *Spec) query(ctx context.Context) *api.QueryOptions {
	return (&api.QueryOptions{Region: s.Region, Namespace: s.Namespace}).WithContext(ctx)
}

func (s *Spec) write(ctx context.Context) *api.WriteOptions {
	return (&api.WriteOptions{Region: s.Region, Namespace: s.Namespace}).WithContext(ctx)
}

// answer is the status and the text that Nomad has answered an error with; 0 if it did not answer.
func answer(err error) (status int, text string) {
	if e, ok := errors.AsType[api.UnexpectedResponseError](err); ok {
		return e.StatusCode(), strings.TrimSpace(e.Body())
	}
	return 0, ""
}

// Status is the HTTP status that Nomad has answered an error with; 0 if it did not answer.
func Status(err error) int {
	status, _ := answer(err)
	return status
}

// Denied tells whether Nomad has refused a call for lack of rights.
func Denied(err error) bool {
	status, text := answer(err)
	return status == http.StatusForbidden || status == http.StatusUnauthorized || strings.Contains(text, "Permission denied")
}

// Absent tells whether what a call was about is not there.
func Absent(err error) bool {
	status, text := answer(err)
	return status == http.StatusNotFound || strings.Contains(text, "not found")
}

// invalid is how Nomad's servers begin what is wrong with a job, which they answer with status 500.
var invalid = regexp.MustCompile(`\d+ errors? occurred:`)

// final tells whether the same call would fail again.
func final(err error) bool {
	status, text := answer(err)
	switch {
	case Denied(err):
		return true
	case status == http.StatusTooManyRequests:
		return false
	}
	return status >= 400 && status < 500 || invalid.MatchString(text)
}

// Said is an error without the words of the HTTP client around what Nomad says.
func Said(err error) string {
	if status, text := answer(err); text != "" {
		return fmt.Sprintf("%s (status %d)", text, status)
	}
	return err.Error()
}

// Token is what Connect calls Nomad with; empty without ACLs.
func Token() string { return api.DefaultConfig().SecretID }
