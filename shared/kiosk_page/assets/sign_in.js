// User name, then PIN: for who has no badge at hand.

import { element, speak } from "./dom.js";
import { icon } from "./icons.js";
import { keyboard } from "./keys.js";
import { say } from "./words.js";

const ownKeyboard = matchMedia("(width < 600px)");

// `form` keeps {step, userName, error} so that a change of language shows the same step; the PIN is never kept.
export function signInScreen(form, { onSubmit, onCancel, onStep }) {
  const isPin = form.step === "pin";
  const own = ownKeyboard.matches;
  const field = element("input", {
    id: "field",
    type: isPin ? "password" : "text",
    inputmode: own ? (isPin ? "numeric" : "email") : "none",
    autocomplete: "off",
    autocapitalize: "none",
    spellcheck: "false",
    maxlength: isPin ? "12" : "256",
    "aria-describedby": "field-error",
    "aria-invalid": form.error ? "true" : null,
    class: "field",
  });
  if (!isPin) {
    field.value = form.userName;
    field.addEventListener("input", () => Object.assign(form, { userName: field.value }));
  }
  const error = element("p", { id: "field-error", class: "field-error" }, form.error ? [icon("warn"), say(form.error)] : []);
  const next = element("button", { type: "submit", class: "button main" }, isPin ? say("signIn") : say("next"));
  const submit = (event) => {
    event.preventDefault();
    const value = isPin ? field.value : field.value.trim();
    if (!value) {
      error.replaceChildren(icon("warn"), say(isPin ? "pinMissing" : "nameMissing"));
      field.setAttribute("aria-invalid", "true");
      field.focus();
      speak(error.textContent);
    } else if (isPin) {
      field.value = "";
      onSubmit({ userName: form.userName, pin: value });
    } else {
      onStep({ step: "pin", userName: value, error: "" });
    }
  };
  const back = () => (isPin ? onStep({ step: "name", userName: form.userName, error: "" }) : onCancel());
  const made = element("section", { class: isPin ? "sign-in sign-in-pin" : "sign-in" },
    element("form", { class: "sign-in-form", novalidate: true, autocomplete: "off", onsubmit: submit },
      element("h1", {}, element("label", { for: "field" }, isPin ? say("yourPin") : say("yourName"))),
      isPin ? element("p", { class: "quiet who" }, icon("person"), element("span", {}, form.userName)) : null,
      field,
      error,
      element("div", { class: "actions" },
        element("button", { type: "button", class: "button", onclick: back }, icon("back", "icon turning"), say("back")),
        next)),
    own ? null : keyboard(field, isPin));
  made.focusFirst = () => field.focus();
  return made;
}
