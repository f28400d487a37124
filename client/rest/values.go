package rest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
)

// Value returns what a driver of an application has stored by a name; false when it has not.
func (c *Client) Value(ctx context.Context, application, name string) (value []byte, ok bool, err error) {
	value, err = c.value(ctx, call{method: http.MethodGet}, application, name)
	var refused *Error
	if errors.As(err, &refused) && refused.Status == http.StatusNotFound {
		return nil, false, nil
	}
	return value, err == nil, err
}

// StoreValue stores a value for drivers of the application that come after this one, and returns the first of that name.
func (c *Client) StoreValue(ctx context.Context, application, name string, value []byte) ([]byte, error) {
	return c.value(ctx, call{method: http.MethodPut, contentType: "application/octet-stream", length: int64(len(value)),
		body: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(value)), nil }}, application, name)
}

func (c *Client) value(ctx context.Context, x call, application, name string) ([]byte, error) {
	x.path = "/applications/" + url.PathEscape(application) + "/values/" + url.PathEscape(name)
	answer, err := c.do(ctx, x)
	if err != nil {
		return nil, err
	}
	value, err := io.ReadAll(answer.Body)
	return value, errors.Join(err, answer.Body.Close())
}
