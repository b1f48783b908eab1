"""Messages of Azure Speech over WebSockets and HTTP, within bounds."""
