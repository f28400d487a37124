package kafka

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
)

// maxTokenReply is the longest answer of a token endpoint, in bytes.
const maxTokenReply = 1 << 20

// oauth is OAUTHBEARER with a token got by the client credentials grant (RFC 6749, 4.4) for each connection.
func (s *security) oauth() (sasl.Mechanism, error) {
	id, secret := s.option("clientId"), s.option("clientSecret")
	endpoint, err := url.Parse(s.tokenURL)
	if err != nil || endpoint.Host == "" || id == "" || secret == "" {
		return nil, errors.New(`sasl.mechanism OAUTHBEARER wants a URL in sasl.oauthbearer.token.endpoint.url, and clientId="..." clientSecret="..." in sasl.jaas.config`)
	}
	scope := s.scope
	if scope == "" {
		scope = s.option("scope")
	}
	client := &http.Client{Timeout: 30 * time.Second}
	return oauthMechanism{oauth.Oauth(func(ctx context.Context) (oauth.Auth, error) {
		token, err := requestToken(ctx, client, endpoint, id, secret, scope)
		if err != nil {
			return oauth.Auth{}, fmt.Errorf("get a token from %s: %w", endpoint.Redacted(), err)
		}
		return oauth.Auth{Token: token}, nil
	})}, nil
}

type oauthMechanism struct{ sasl.Mechanism }

// Authenticate implements sasl.Mechanism.
func (m oauthMechanism) Authenticate(ctx context.Context, address string) (sasl.Session, []byte, error) {
	s, first, err := m.Mechanism.Authenticate(ctx, address)
	return oauthSession{s}, first, err
}

type oauthSession struct{ sasl.Session }

// Challenge implements sasl.Session: there is one only when the brokers refuse the token, and it says why.
func (s oauthSession) Challenge(answer []byte) (done bool, reply []byte, err error) {
	if len(answer) > 0 {
		return false, nil, fmt.Errorf("the brokers refuse the token: %s", answer)
	}
	return s.Session.Challenge(answer)
}

func requestToken(ctx context.Context, client *http.Client, endpoint *url.URL, id, secret, scope string) (token string, err error) {
	form := url.Values{"grant_type": {"client_credentials"}}
	if scope != "" {
		form.Set("scope", scope)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
	reply, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer reply.Body.Close() //nolint:errcheck // only read
	if reply.StatusCode != http.StatusOK {
		return "", fmt.Errorf("it answered %s", reply.Status)
	}
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(io.LimitReader(reply.Body, maxTokenReply)).Decode(&answer); err != nil {
		return "", errors.New("its answer is no JSON object")
	}
	if answer.AccessToken == "" {
		return "", errors.New("its answer holds no access_token")
	}
	return answer.AccessToken, nil
}
