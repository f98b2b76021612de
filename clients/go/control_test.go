package flinkmock

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestARedirectIsAnError(t *testing.T) {
	server := httptest.NewServer(http.RedirectHandler("/elsewhere", http.StatusMovedPermanently))
	defer server.Close()
	err := controlAPI{url: server.URL}.call("POST", "/clock/advance", nil, nil)
	if err == nil || !strings.Contains(err.Error(), "301 Moved Permanently, a redirect to /elsewhere") {
		t.Errorf("got %v", err)
	}
}
