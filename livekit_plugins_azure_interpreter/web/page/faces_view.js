/** The pictures of others: the face of an interpreted voice, or a camera. */

import { byId, element, renderList, setText } from "./dom.js";
import { nameOf } from "./people_view.js";
import { text } from "./texts.js";

export class FacesView {
  /** @param {import("./meeting.js").Meeting} meeting */
  constructor(meeting) {
    this.meeting = meeting;
    this.list = byId("faces");
  }

  show() {
    const items = this.meeting.videos.map((video) => ({ key: video.track.sid, ...video }));
    this.list.hidden = items.length === 0;
    renderList(this.list, items, ({ track }) => this.#make(track), (node, { participant, behalf }) => {
      const name = nameOf(participant);
      setText(node.lastElementChild, behalf ? text("faces.behalf", { name }) : name);
    });
  }

  #make(track) {
    const picture = track.attach();
    picture.muted = picture.playsInline = true;
    picture.setAttribute("aria-hidden", "true"); // the caption below says whose face it is
    return element("li", { className: "face" }, picture, element("p", { dir: "auto" }));
  }
}
