// Sends a GET with Go's net/http, and prints the status and body of the response.
// Arguments: URL, file with the CA certificate, value of the header Authorization.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	authority, err := os.ReadFile(os.Args[2])
	check(err)
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(authority) {
		panic("no certificate in " + os.Args[2])
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}}}
	request, err := http.NewRequest(http.MethodGet, os.Args[1], nil)
	check(err)
	request.Header.Set("Authorization", os.Args[3])
	response, err := client.Do(request)
	check(err)
	body, err := io.ReadAll(response.Body)
	check(err)
	fmt.Println(response.StatusCode, string(body))
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
